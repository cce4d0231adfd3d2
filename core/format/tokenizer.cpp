#include "core/format/tokenizer.hpp"

#include <unordered_map>

#include "core/base/error.hpp"
#include "core/format/tokenizer_parts.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

// Words of one text come again and again: each is encoded once. The memory belongs to the call, so that nothing is
// shared between threads.
class WordEncoder {
 public:
  explicit WordEncoder(const detail::TokenModel& model) : model_(model) {}

  void encode(const std::string& word, std::vector<TokenId>& ids) {
    if (const auto known = places_.find(word); known != places_.end()) {
      const auto [begin, end] = known->second;
      for (std::size_t i = begin; i < end; ++i) ids.push_back(ids[i]);
      return;
    }
    const std::size_t begin = ids.size();
    std::visit([&](const auto& model) { model.encode(word, ids); }, model_);
    if (word.size() <= kMaxWord && places_.size() < kMaxWords)
      places_.emplace(word, Place{begin, ids.size()});
  }

 private:
  struct Place {
    std::size_t begin, end;  // in the ids of the text
  };
  static constexpr std::size_t kMaxWord = 256;  // bytes
  static constexpr std::size_t kMaxWords = 1U << 16U;

  const detail::TokenModel& model_;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  return Tokenizer(std::make_shared<const detail::TokenizerParts>(detail::read_tokenizer(folder)));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special) const {
  const auto& parts = *parts_;
  WordEncoder words(parts.model);
  std::vector<TokenId> ids;
  if (add_special) ids = parts.surround.prefix;
  for (auto& segment : parts.added.split(utf8::sanitize(text), parts.normalizer)) {
    if (segment.token) {
      ids.push_back(*segment.token);
      continue;
    }
    for (const auto& word : parts.pretokenizer.split(std::move(segment.text), segment.at_start)) {
      words.encode(word, ids);
    }
  }
  if (add_special) ids.insert(ids.end(), parts.surround.suffix.begin(), parts.surround.suffix.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  TokenDecoder::Stream stream(parts_->decoder, false);
  std::string text;
  for (const TokenId id : ids) {
    if (const auto* const token = parts_->decoded(id, skip_special)) stream.push(*token, text);
  }
  stream.finish(text);
  return text;
}

std::int64_t Tokenizer::vocab_size() const noexcept {
  return parts_->end_id();
}
std::optional<TokenId> Tokenizer::bos() const noexcept {
  return parts_->bos;
}
std::optional<TokenId> Tokenizer::eos() const noexcept {
  return parts_->eos;
}
std::optional<TokenId> Tokenizer::pad() const noexcept {
  return parts_->pad;
}

bool Tokenizer::is_special(TokenId id) const noexcept {
  const auto* const token = parts_->added.find(id);
  return token != nullptr && token->special;
}

std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
  return parts_->id_of(token);
}

const std::string& Tokenizer::token_of(TokenId id) const {
  if (const auto* const token = parts_->token_of(id)) return *token;
  fail(Errc::InvalidArgument, "tokenizer", "there is no token ", id, " in a vocabulary of ", vocab_size());
}

struct StreamDecoder::State {
  TokenDecoder::Stream stream;
};

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool skip_special)
    : tokenizer_(std::move(tokenizer)),
      skip_special_(skip_special),
      state_(std::make_unique<State>(State{{tokenizer_.parts_->decoder, true}})) {}
StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

std::string StreamDecoder::push(TokenId id) {
  std::string text;
  const auto* const token = tokenizer_.parts_->decoded(id, skip_special_);
  if (token != nullptr) state_->stream.push(*token, text);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text;
  state_->stream.finish(text);
  return text;
}

}  // namespace lateral::format
