#include "core/dataset/collection.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/format/json.hpp"

namespace lateral::dataset {
namespace {

using format::json::Writer;
constexpr std::size_t kMaxExampleBytes = 200;

std::filesystem::path list_in(const std::filesystem::path& folder) {
  return std::filesystem::absolute(folder).lexically_normal() / "samples.jsonl";
}

std::string named(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = path.lexically_relative(folder);
  const bool below = !relative.empty() && *relative.begin() != "..";
  return (below ? relative : path).string();
}

void add_inputs(Writer& json, const Moment& moment, const std::filesystem::path& folder) {
  json.key("inputs").begin_object();
  for (const auto& [name, paths] : moment.inputs) {
    json.key(name);
    if (paths.size() == 1) {
      json.value(named(paths.front(), folder));
      continue;
    }
    json.begin_array();
    for (const auto& path : paths) json.value(named(path, folder));
    json.end_array();
  }
  json.end_object();
}

/// "; left out: 3 moments without files (e.g. 000017)"
std::string reasons(const std::map<std::string, ImportReport::LeftOut>& left_out) {
  std::string text;
  for (const auto& [why, what] : left_out) {
    text += (text.empty() ? "; left out: " : ", ") + std::to_string(what.count) + " " + why + " (e.g. " +
            what.example + ")";
  }
  return text;
}

}  // namespace

void require_replaceable(const std::filesystem::path& folder, bool replace) {
  const auto file = list_in(folder);
  if (replace || !std::filesystem::exists(file)) return;
  fail(Errc::FailedPrecondition, "import", file.string(),
       " is there already; name another folder, or replace it with --replace");
}

Collection::Index Collection::add(Moment moment) {
  const auto [at, fresh] = by_id_.emplace(moment.id, moments_.size());
  if (!fresh) {
    fail(Errc::Corrupt, "import", "there are two moments with the id ", format::json::quote(moment.id),
         "; an id is one moment");
  }
  moments_.push_back(std::move(moment));
  order_.emplace_back();
  questions_.emplace_back();
  return at->second;
}

Collection::Index Collection::find(std::string_view id) const {
  const auto found = by_id_.find(std::string(id));
  if (found == by_id_.end())
    fail(Errc::InvalidArgument, "import", "there is no moment ", format::json::quote(id));
  return found->second;
}

void Collection::ask(Index moment, std::string question, std::string answer, std::string type) {
  const auto [at, fresh] =
      questions_.at(moment).try_emplace(question, Question{answer, std::move(type), false});
  if (fresh) {
    order_[moment].push_back(std::move(question));
  } else if (at->second.answer != answer && !std::exchange(at->second.contradicted, true)) {
    leave_out("questions with two answers", moments_[moment].id + ": " + question);
  }
}

void Collection::leave_out(const std::string& why, std::string_view example) {
  auto& entry = left_out_[why];
  if (entry.count++ == 0) entry.example = shown(example, kMaxExampleBytes);
}

ImportReport Collection::write(const std::filesystem::path& folder, bool replace) const {
  ImportReport report{.file = list_in(folder),
                      .moments_by_split = {},
                      .questions_by_split = {},
                      .questions_by_type = {},
                      .left_out = left_out_};
  if (moments_.empty()) fail(Errc::NotFound, "import", "nothing was found", reasons(left_out_));
  require_replaceable(folder, replace);
  const auto base = report.file.parent_path();
  std::filesystem::create_directories(base);
  const auto begin = [](const Moment& moment) {
    Writer json;
    json.begin_object().member("id", moment.id).member("split", moment.split);
    return json;
  };
  write_atomically(report.file, [&](std::ostream& out) {
    for (Index i = 0; i < moments_.size(); ++i) {
      const Moment& moment = moments_[i];
      ++report.moments;
      ++report.moments_by_split[moment.split];
      bool inputs_named = false;
      const auto start_line = [&] {
        Writer json = begin(moment);
        if (!std::exchange(inputs_named, true)) add_inputs(json, moment, base);
        return json;
      };
      for (const std::string& question : order_[i]) {
        const Question& asked = questions_[i].at(question);
        if (asked.contradicted) continue;
        Writer json = start_line();
        json.member("question", question).member("answer", asked.answer);
        if (!asked.type.empty()) json.member("type", asked.type);
        out << std::move(json.end_object()).text() << '\n';
        ++report.questions;
        ++report.questions_by_split[moment.split];
        ++report.questions_by_type[asked.type];
      }
      if (!inputs_named) out << std::move(start_line().end_object()).text() << '\n';
    }
  });
  return report;
}

}  // namespace lateral::dataset
