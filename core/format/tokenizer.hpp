#pragma once
// Text to token ids and back, with the tokenizers of Hugging Face model directories: byte-level BPE (GPT-2,
// OPT, Llama 3, Qwen 2, BLOOM), SentencePiece-style BPE with byte fallback (Llama 2) and WordPiece (BERT), ids
// equal to those of the `tokenizers` package. A part of a tokenizer.json that is not known is refused by name, never
// skipped: a nearly right tokenizer makes a model silently worse.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::format {

namespace detail {
struct TokenizerParts;
}

using TokenId = std::int32_t;

/// Immutable; copies are cheap and share everything.
/// Thread safety: all members may be called from any thread.
class Tokenizer {
 public:
  /// Reads tokenizer.json, or vocab.json with merges.txt; then tokenizer_config.json, special_tokens_map.json,
  /// added_tokens.json and config.json, where they exist, for the special tokens. Throws NotFound, Corrupt, or
  /// Unsupported naming the part.
  static Tokenizer load(const std::filesystem::path& folder);

  /// Malformed UTF-8 is read as U+FFFD, as Python's errors="replace" does. `add_special` adds what the
  /// model's template adds around a single text (e.g. a leading BOS). Special tokens written in the text are
  /// recognised. Time: O(n log n) in the bytes, whatever they are.
  std::vector<TokenId> encode(std::string_view text, bool add_special = true) const;

  /// Valid UTF-8 whatever the ids; ids outside the vocabulary are passed over, as the `tokenizers`
  /// package does.
  std::string decode(std::span<const TokenId> ids, bool skip_special = true) const;

  /// One more than the largest id. A model may have a few more rows, never fewer.
  std::int64_t vocab_size() const noexcept;
  std::optional<TokenId> bos() const noexcept;
  std::optional<TokenId> eos() const noexcept;
  std::optional<TokenId> pad() const noexcept;
  bool is_special(TokenId id) const noexcept;

  /// The id of a token as it stands in the vocabulary ("Ġthe", "▁the", "</s>").
  std::optional<TokenId> id_of(std::string_view token) const;
  /// Throws InvalidArgument when there is no such id.
  const std::string& token_of(TokenId id) const;

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::shared_ptr<const detail::TokenizerParts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const detail::TokenizerParts> parts_;
};

/// Text that appears while ids stream in. Each push returns what is complete now, always valid UTF-8; bytes
/// of a character that is still open wait. What push and finish returned, joined, equals decode() of all ids,
/// except where a run of byte-fallback tokens turns out malformed: decode() then replaces the whole run, text
/// already shown stays. Not thread safe.
class StreamDecoder {
 public:
  explicit StreamDecoder(Tokenizer tokenizer, bool skip_special = true);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  std::string push(TokenId id);
  /// The rest; an unfinished character becomes U+FFFD. The decoder may then be used for a new text.
  std::string finish();

 private:
  struct State;
  Tokenizer tokenizer_;
  bool skip_special_;
  std::unique_ptr<State> state_;
};

}  // namespace lateral::format
