#include "tests/fuzz/tokenize.hpp"

#include "core/format/utf8.hpp"

namespace lateral::fuzz {
namespace {

std::string streamed(const format::Tokenizer& tokenizer, std::span<const format::TokenId> ids) {
  format::StreamDecoder stream(tokenizer);
  std::string text;
  for (const auto id : ids) {
    const auto part = stream.push(id);
    require(format::utf8::is_valid(part), "streamed text is UTF-8");
    text += part;
  }
  return text + stream.finish();
}

void there_and_back(const format::Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  for (const auto id : ids) {
    require(id >= 0 && id < tokenizer.vocab_size(), "an id lies in the vocabulary");
    require(!tokenizer.token_of(id).empty() || tokenizer.id_of("").has_value(), "an id has its token");
  }
  const auto back = tokenizer.decode(ids);
  require(format::utf8::is_valid(back), "decoded text is UTF-8");
  require(format::utf8::is_valid(streamed(tokenizer, ids)), "and so it is when it is streamed");
}

}  // namespace

void use_tokenizer(const format::Tokenizer& tokenizer, std::string_view text) {
  for (const std::string_view each :
       {text, std::string_view(" Is there  a bus?\n"), std::string_view("\xE2\x82"),
        std::string_view("a\0b \xC3\xA9\xF0\x9F\x9A\x8C</s>", 15)}) {
    there_and_back(tokenizer, each);
  }
  for (const format::TokenId id : {-1, 0, 1, 1 << 30}) static_cast<void>(tokenizer.decode({&id, 1}));
}

}  // namespace lateral::fuzz
