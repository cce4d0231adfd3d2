#pragma once
// What the files beside a tokenizer say of its special tokens: tokenizer_config.json, special_tokens_map.json and
// added_tokens.json. Internal to core/format.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/format/added_tokens.hpp"
#include "core/format/json.hpp"

namespace lateral::format {

/// A token as an object with "content" and flags, without its id. Throws Corrupt.
AddedToken added_token_from(const json::Value& value);

class SpecialTokens {
 public:
  /// Reads what is there; none of the files has to be. Throws what the JSON reader throws.
  explicit SpecialTokens(const std::filesystem::path& folder);

  /// tokenizer_config.json.
  const std::optional<json::Value>& config() const noexcept { return config_; }

  /// The text of "ROLE_token", e.g. for "eos". tokenizer_config.json goes first.
  std::optional<std::string> name_of(std::string_view role) const;
  /// Every token that has a role ("..._token"), special and without an id.
  std::vector<AddedToken> named() const;
  /// The further ones, of "additional_special_tokens" and "extra_special_tokens".
  std::vector<AddedToken> listed() const;

  /// Tokens with ids, in their order: "added_tokens_decoder", or where there is none added_tokens.json, which has no flags.
  std::vector<AddedToken> declared() const;
  bool declares_flags() const;

 private:
  std::vector<AddedToken> of_added_tokens() const;

  std::optional<json::Value> config_, map_, added_;
};

}  // namespace lateral::format
