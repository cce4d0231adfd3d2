#include "core/format/tokenizer.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/tokenizer_parts.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  return Tokenizer(std::make_shared<const detail::TokenizerParts>(detail::read_tokenizer(folder)));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special) const {
  const auto& parts = *parts_;
  std::vector<TokenId> ids;
  if (add_special) ids = parts.prefix;
  for (auto& segment : parts.added.split(utf8::sanitize(text), parts.normalizer)) {
    if (segment.token) {
      ids.push_back(*segment.token);
      continue;
    }
    for (const auto& word : parts.pretokenizer.split(std::move(segment.text), segment.at_start)) {
      parts.model.encode(word, ids);
    }
  }
  if (add_special) ids.insert(ids.end(), parts.suffix.begin(), parts.suffix.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  TokenDecoder::Stream stream(parts_->decoder, false);
  std::string text;
  for (const TokenId id : ids) {
    const auto* const token = parts_->token_of(id);
    if (token != nullptr && !(skip_special && is_special(id))) stream.push(*token, text);
  }
  stream.finish(text);
  return text;
}

std::int64_t Tokenizer::vocab_size() const noexcept {
  return std::max(parts_->model.size(), parts_->added.end_id());
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
  const auto* const token = tokenizer_.parts_->token_of(id);
  if (token != nullptr && !(skip_special_ && tokenizer_.is_special(id))) state_->stream.push(*token, text);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text;
  state_->stream.finish(text);
  return text;
}

}  // namespace lateral::format
