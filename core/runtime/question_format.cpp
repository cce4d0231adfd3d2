#include "core/runtime/question_format.hpp"

#include <algorithm>

#include "core/format/json.hpp"

namespace lateral::runtime {
namespace {

constexpr std::string_view kPlaceholder = "{question}";
constexpr std::string_view kBlanks = " \t\r\n";

// Blanks in front do not count: a stop text of a line break must end an answer, not the gap before it.
std::string_view without_leading_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

std::size_t first_stop(std::string_view answer, const std::vector<std::string>& stops) {
  std::size_t first = std::string_view::npos;
  for (const std::string& stop : stops) first = std::min(first, answer.find(stop));
  return first;
}

}  // namespace

std::string QuestionFormat::trimmed(std::string_view answer) const {
  answer = without_leading_blanks(answer);
  answer = answer.substr(0, first_stop(answer, stop));
  return std::string(answer.substr(0, answer.find_last_not_of(kBlanks) + 1));
}

bool QuestionFormat::complete(std::string_view answer) const {
  return first_stop(without_leading_blanks(answer), stop) != std::string_view::npos;
}

QuestionFormat read_question_format(const std::filesystem::path& model_folder) {
  QuestionFormat format;
  const auto file = model_folder / "lateral.json";
  if (!std::filesystem::exists(file)) return format;

  const auto root = format::json::read_file(file, {.max_bytes = 1U << 20U, .max_depth = 8});
  root.allow_only({"format", "prompt", "lead", "stop"});
  root.at("format").as_int(1, 1);
  if (const auto prompt = root.find("prompt")) {
    const std::string_view text = prompt->as_string();
    const std::size_t at = text.find(kPlaceholder);
    if (at == std::string_view::npos) prompt->reject("a text with {question} in it");
    format.prompt.before = text.substr(0, at);
    format.prompt.after = text.substr(at + kPlaceholder.size());
  }
  format.prompt.lead = root.get("lead", format.prompt.lead);
  if (const auto stop = root.find("stop")) {
    format.stop.clear();
    for (std::size_t i = 0; i < stop->size(); ++i) {
      const std::string_view item = (*stop)[i].as_string();
      if (item.empty()) (*stop)[i].reject("a text that is not empty");
      format.stop.emplace_back(item);
    }
  }
  return format;
}

}  // namespace lateral::runtime
