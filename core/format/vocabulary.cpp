#include "core/format/vocabulary.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {
constexpr std::string_view kWhere = "tokenizer";
}

Vocabulary::Vocabulary(const Entries& entries, std::string_view source) {
  // Holes are allowed, but not a billion of them.
  const std::int64_t most = 2 * static_cast<std::int64_t>(entries.size()) + 65536;
  TokenId largest = -1;
  for (const auto& [token, id] : entries) {
    if (id < 0 || id >= most) {
      fail(Errc::Corrupt, kWhere, source, ": id ", id, " of token ", json::quote(utf8::clip(token)),
           " in a vocabulary of ", entries.size());
    }
    largest = std::max(largest, id);
  }
  tokens_.resize(static_cast<std::size_t>(largest + 1));
  ids_.reserve(entries.size());
  for (const auto& [token, id] : entries) {
    auto& place = tokens_[static_cast<std::size_t>(id)];
    const auto shown = [&token = token] { return json::quote(utf8::clip(token)); };
    if (place) fail(Errc::Corrupt, kWhere, source, ": id ", id, " is given twice, once to ", shown());
    place = std::string(token);
    if (!ids_.emplace(*place, id).second)
      fail(Errc::Corrupt, kWhere, source, ": token ", shown(), " has two ids");
  }
}

std::optional<TokenId> Vocabulary::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

TokenId Vocabulary::need(std::string_view token, std::string_view role, std::string_view source) const {
  if (const auto id = id_of(token)) return *id;
  fail(Errc::Corrupt, kWhere, source, ": ", role, " needs the token ", json::quote(utf8::clip(token)),
       ", which is not in the vocabulary");
}

const std::string* Vocabulary::token_of(TokenId id) const noexcept {
  if (id < 0 || id >= size()) return nullptr;
  const auto& token = tokens_[static_cast<std::size_t>(id)];
  return token ? &*token : nullptr;
}

}  // namespace lateral::format
