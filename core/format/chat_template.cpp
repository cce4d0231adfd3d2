#include "core/format/chat_template.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/jinja_run.hpp"
#include "core/format/jinja_syntax.hpp"
#include "core/format/json.hpp"
#include "core/format/special_tokens.hpp"

namespace lateral::format {
namespace {

constexpr std::uint64_t kMaxSource = 1U << 20U;

// A template by itself, or a list of named ones.
std::string source_from(const json::Value& value) {
  if (!value.is(json::Kind::Array)) return std::string(value.as_string());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i].get("name", "") == "default") return std::string(value[i].at("template").as_string());
  }
  value.reject("a template named default");
}

jinja::Value message_value(const ChatMessage& message) {
  return jinja::Value::dict(
      {{"role", jinja::Value::text(message.role)}, {"content", jinja::Value::text(message.content)}});
}

}  // namespace

struct ChatTemplate::Parsed {
  jinja::Block block;
  Tokens tokens;
};

ChatTemplate::ChatTemplate(std::string_view source, Tokens tokens)
    : parsed_(std::make_shared<const Parsed>(Parsed{jinja::parse(source), std::move(tokens)})) {}

std::optional<ChatTemplate> ChatTemplate::load(const std::filesystem::path& folder) {
  const auto template_path = folder / "chat_template.jinja";
  const SpecialTokens special(folder);
  std::string source;
  if (std::filesystem::exists(template_path)) {
    source = read_text(template_path, kMaxSource);
  } else if (const auto inside = special.config() ? special.config()->find("chat_template") : std::nullopt) {
    source = source_from(*inside);
  } else {
    return std::nullopt;
  }
  return ChatTemplate(source, {special.name_of("bos").value_or(""), special.name_of("eos").value_or("")});
}

std::string ChatTemplate::render(std::span<const ChatMessage> messages, bool add_generation_prompt) const {
  jinja::List list;
  for (const auto& message : messages) list.push_back(message_value(message));
  const auto none = [] { return jinja::Value(jinja::Value::Content(jinja::None{})); };
  return jinja::run(parsed_->block,
                    {{"messages", jinja::Value::list(std::move(list))},
                     {"add_generation_prompt", jinja::Value(jinja::Value::Content(add_generation_prompt))},
                     {"bos_token", jinja::Value::text(parsed_->tokens.bos)},
                     {"eos_token", jinja::Value::text(parsed_->tokens.eos)},
                     {"tools", none()},
                     {"documents", none()}});
}

}  // namespace lateral::format
