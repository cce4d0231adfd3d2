#pragma once
// What a Tokenizer is made of, between the files and the interface.

#include <filesystem>
#include <optional>
#include <vector>

#include "core/format/added_tokens.hpp"
#include "core/format/bpe.hpp"
#include "core/format/normalizer.hpp"
#include "core/format/pretokenizer.hpp"
#include "core/format/token_decoder.hpp"

namespace lateral::format::detail {

struct TokenizerParts {
  AddedTokens added;
  Normalizer normalizer;
  Pretokenizer pretokenizer;
  BpeModel model;
  TokenDecoder decoder;
  std::vector<TokenId> prefix, suffix;  ///< what encode(add_special) puts around
  std::optional<TokenId> bos, eos, pad;

  std::optional<TokenId> id_of(std::string_view token) const {
    if (const auto* own = added.find(token)) return own->id;
    return model.id_of(token);
  }
  /// Null when there is no such id.
  const std::string* token_of(TokenId id) const noexcept {
    if (const auto* own = added.find(id)) return &own->content;
    return model.token_of(id);
  }
};

TokenizerParts read_tokenizer(const std::filesystem::path& folder);

}  // namespace lateral::format::detail
