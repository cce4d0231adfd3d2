#pragma once
// How a conversation is written for a chat model: the template that stands beside its tokenizer, in the part of
// Jinja that such templates use. What it does not know it refuses by name, with the line.

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lateral::format {

struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant"
  std::string content;
};

/// Immutable; copies share everything. Thread safety: all members may be called from any thread.
class ChatTemplate {
 public:
  /// Special tokens as the template may write them.
  struct Tokens {
    std::string bos, eos;
  };

  /// Throws Corrupt, Unsupported or ResourceExhausted, as parsing finds it.
  ChatTemplate(std::string_view source, Tokens tokens);
  /// chat_template.jinja, or "chat_template" of tokenizer_config.json (of several the one named "default");
  /// nothing when the directory has none.
  static std::optional<ChatTemplate> load(const std::filesystem::path& folder);

  /// The text to encode, without a further BOS. `add_generation_prompt` ends it where an answer begins. There are
  /// no tools, no documents and no date: templates that write today's date have a fixed one without it, so that
  /// the same conversation is the same text every day.
  /// Throws InvalidArgument with the template's own words when it refuses the conversation (e.g. roles that do
  /// not alternate), Unsupported naming what it cannot do, ResourceExhausted beyond its budget.
  std::string render(std::span<const ChatMessage> messages, bool add_generation_prompt = true) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace lateral::format
