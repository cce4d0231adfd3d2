#include "core/runtime/question_format.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/chat_template.hpp"
#include "core/format/json.hpp"

namespace lateral::runtime {
namespace {

constexpr std::string_view kPlaceholder = "{question}";
constexpr std::string_view kWhere = "question format";
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

// The template as the texts around a question: it is run once with a mark in the question's place. (What it does to blanks
// around a message is left out: questions have none.)
QuestionFormat chat_format(const std::filesystem::path& folder) {
  constexpr std::string_view kMark = "lateral-question-mark";
  const auto chat = format::ChatTemplate::load(folder);
  if (!chat) {
    fail(Errc::NotFound, kWhere, folder.string(),
         " holds no chat template (chat_template.jinja or tokenizer_config.json); set model.chat = \"off\"");
  }
  const std::string text = chat->render({{{.role = "user", .content = std::string(kMark)}}});
  const std::size_t at = text.find(kMark);
  if (at == text.npos || text.find(kMark, at + 1) != text.npos) {
    fail(Errc::Unsupported, kWhere, folder.string(),
         ": the chat template does not write a message once and as it is; set model.chat = \"off\"");
  }
  QuestionFormat format;
  format.prompt = {
      .before = text.substr(0, at), .after = text.substr(at + kMark.size()), .lead = "", .special = false};
  format.stop.clear();
  return format;
}

QuestionFormat chat_or_default(const std::filesystem::path& folder) {
  try {
    return chat_format(folder);
  } catch (const Error& error) {
    if (error.code() != Errc::NotFound)
      log::warn(kWhere, "questions do not go through the chat template: ", error.what());
    return {};
  }
}

}  // namespace

Chat parse_chat(std::string_view text) {
  if (text == "auto") return Chat::Auto;
  if (text == "on") return Chat::On;
  if (text == "off") return Chat::Off;
  fail(Errc::InvalidArgument, kWhere, "chat is auto, on or off, not \"", text, "\"");
}

std::string QuestionFormat::trimmed(std::string_view answer) const {
  answer = without_leading_blanks(answer);
  answer = answer.substr(0, first_stop(answer, stop));
  return std::string(answer.substr(0, answer.find_last_not_of(kBlanks) + 1));
}

bool QuestionFormat::complete(std::string_view answer) const {
  return first_stop(without_leading_blanks(answer), stop) != std::string_view::npos;
}

QuestionFormat read_question_format(const std::filesystem::path& model_folder, Chat chat) {
  const auto file = model_folder / "lateral.json";
  if (chat == Chat::On) return chat_format(model_folder);
  if (!std::filesystem::exists(file))
    return chat == Chat::Auto ? chat_or_default(model_folder) : QuestionFormat();

  QuestionFormat format;
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
