#include "core/format/chat_template.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/jinja_run.hpp"
#include "core/format/jinja_syntax.hpp"
#include "core/format/json.hpp"

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

std::string token_from(const json::Value& config, std::string_view key) {
  const auto value = config.find(key);
  if (!value) return "";
  return std::string(value->is(json::Kind::Object) ? value->at("content").as_string() : value->as_string());
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
  const auto config_path = folder / "tokenizer_config.json";
  const auto template_path = folder / "chat_template.jinja";
  std::optional<json::Value> config;
  if (std::filesystem::exists(config_path)) config = json::read_file(config_path);
  std::string source;
  if (std::filesystem::exists(template_path)) {
    source = read_text(template_path, kMaxSource);
  } else if (const auto inside = config ? config->find("chat_template") : std::nullopt) {
    source = source_from(*inside);
  } else {
    return std::nullopt;
  }
  Tokens tokens;
  if (config) tokens = {token_from(*config, "bos_token"), token_from(*config, "eos_token")};
  return ChatTemplate(source, std::move(tokens));
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
