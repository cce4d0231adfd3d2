#include "core/format/word_piece.hpp"

#include <algorithm>

namespace lateral::format {
namespace {

bool continues_character(char byte) {
  return (static_cast<std::uint8_t>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

WordPieceModel::WordPieceModel(Vocabulary vocabulary, WordPieceOptions options, std::string_view source)
    : vocabulary_(std::move(vocabulary)),
      options_(std::move(options)),
      unk_(vocabulary_.need(options_.unk_token, "unk_token", source)) {}

std::optional<TokenId> WordPieceModel::longest(std::string_view word, bool first, std::size_t& length) const {
  std::string candidate = first ? "" : options_.prefix;
  const std::size_t prefix = candidate.size();
  candidate += word;
  while (candidate.size() > prefix) {
    if (const auto id = vocabulary_.id_of(candidate)) {
      length = candidate.size() - prefix;
      return id;
    }
    while (continues_character(candidate.back())) candidate.pop_back();
    candidate.pop_back();
  }
  return std::nullopt;
}

void WordPieceModel::encode(std::string_view word, std::vector<TokenId>& ids) const {
  const auto rest = std::count_if(word.begin(), word.end(), continues_character);
  const auto characters = word.size() - static_cast<std::size_t>(rest);
  if (characters > options_.max_characters) return ids.push_back(unk_);
  const std::size_t before = ids.size();
  for (std::size_t at = 0; at < word.size();) {
    std::size_t length = 0;
    const auto id = longest(word.substr(at), at == 0, length);
    if (!id) {
      ids.resize(before);
      return ids.push_back(unk_);
    }
    ids.push_back(*id);
    at += length;
  }
}

}  // namespace lateral::format
