#include "core/format/sample_cross_check.hpp"

#include <sstream>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/sample_set_parts.hpp"

namespace lateral::format::detail {

template <typename... Parts>
void CrossCheck::report(int line, const Parts&... parts) {
  problems_.push_back({line, lateral::detail::concat(parts...)});
}

void CrossCheck::add(const Sample& sample) {
  check_split(sample);
  check_has_inputs(sample);
  for (const auto& [input, paths] : sample.inputs) {
    check_same_files(sample, input, paths);
    check_input(sample, input, paths);
    for (const auto& path : paths) check_one_owner(sample, path);
  }
  if (!sample.question.empty()) check_question(sample);
}

std::vector<std::string> CrossCheck::finish() {
  if (unanswered_.empty()) return {};
  if (!answers_) {
    return {
        "no question has an answer: there is nothing to learn from labels or to evaluate, only to teach "
        "from"};
  }
  std::ostringstream remark;
  remark << unanswered_.size() << " questions have no answer, though others have one (the first in line "
         << unanswered_.front() << "): they are left out of learning and evaluating";
  return {remark.str()};
}

void CrossCheck::check_split(const Sample& sample) {
  const auto [at, fresh] = splits_.try_emplace(sample.id, First{sample.split, sample.line});
  if (!fresh && at->second.value != sample.split) {
    report(sample.line, "id ", json::quote(sample.id), " is in split ", sample.split, ", in line ",
           at->second.line, " in ", at->second.value,
           ": a moment belongs to one split, or held-out recordings leak into training");
  }
}

void CrossCheck::check_has_inputs(const Sample& sample) {
  if (!sample.inputs.empty()) return;
  const auto first = files_.lower_bound({sample.id, ""});
  if (first == files_.end() || first->first.first != sample.id) {
    report(sample.line, "there are no inputs, and no earlier line of id ", json::quote(sample.id),
           " has any");
  }
}

void CrossCheck::check_same_files(const Sample& sample, const std::string& input, const Paths& paths) {
  const auto [at, fresh] = files_.try_emplace({sample.id, input}, &paths, sample.line);
  if (!fresh && *at->second.first != paths) {
    report(sample.line, "id ", json::quote(sample.id), " has other files for input ", json::quote(input),
           " than in line ", at->second.second, ": one id is one moment");
  }
}

// An encoder takes one kind of data and, in most cases, one number of views.
void CrossCheck::check_input(const Sample& sample, const std::string& input, const Paths& paths) {
  const auto [views, first_views] = views_.try_emplace(input, paths.size(), sample.line);
  if (!first_views && views->second.first != paths.size()) {
    report(sample.line, "input ", json::quote(input), " has ", paths.size(), " files, in line ",
           views->second.second, " ", views->second.first);
  }
  for (const auto& path : paths) {
    const std::string kind(kind_of_file(path));
    const auto [at, fresh] = kinds_.try_emplace(input, First{kind, sample.line});
    if (!fresh && at->second.value != kind) {
      report(sample.line, "input ", json::quote(input), " is of the wrong kind: ", path.filename().string(),
             " is ", kind, ", in line ", at->second.line, " it is ", at->second.value);
      break;
    }
  }
}

void CrossCheck::check_one_owner(const Sample& sample, const std::filesystem::path& path) {
  const auto [at, fresh] = owners_.try_emplace(path.native(), First{sample.id, sample.line});
  if (!fresh && at->second.value != sample.id) {
    report(sample.line, path.string(), " is mispaired: it is recorded under id ", json::quote(sample.id),
           " here and under id ", json::quote(at->second.value), " in line ", at->second.line,
           "; what was recorded at one moment shares one id");
  }
}

void CrossCheck::check_question(const Sample& sample) {
  if (sample.answer.empty())
    unanswered_.push_back(sample.line);
  else
    answers_ = true;
  const auto [at, fresh] =
      questions_.try_emplace({sample.id, sample.question}, First{sample.answer, sample.line});
  if (fresh) return;
  report(sample.line, "the question of line ", at->second.line, " is asked again for id ",
         json::quote(sample.id), at->second.value == sample.answer ? "" : ", with another answer");
}

}  // namespace lateral::format::detail
