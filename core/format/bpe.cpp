#include "core/format/bpe.hpp"

#include <cstdio>
#include <queue>
#include <tuple>

#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr TokenId kNone = -1;

std::string byte_token(unsigned byte) {
  std::array<char, 8> name{};
  std::snprintf(name.data(), name.size(), "<0x%02X>", byte & 0xFFU);
  return name.data();
}

}  // namespace

BpeModel::BpeModel(Vocabulary vocabulary, const Merges& merges, BpeOptions options, std::string_view source)
    : vocabulary_(std::move(vocabulary)), options_(std::move(options)) {
  index_merges(merges, source);
  const auto id_or_none = [this](std::string_view token) { return vocabulary_.id_of(token).value_or(kNone); };
  for (char32_t point = 0; point < kDirect; ++point) direct_[point] = id_or_none(utf8::encode(point));
  for (unsigned byte = 0; byte < 256; ++byte) bytes_[byte] = id_or_none(byte_token(byte));
  if (options_.unk_token) unk_ = vocabulary_.need(*options_.unk_token, "unk_token", source);
}

void BpeModel::index_merges(const Merges& merges, std::string_view source) {
  merges_.reserve(merges.size());
  std::int32_t rank = 0;
  std::string joined;
  for (const auto& [left, right] : merges) {
    const auto need = [&](std::string_view token) {
      if (const auto id = vocabulary_.id_of(token)) return *id;
      return vocabulary_.need(token, "merge " + std::to_string(rank), source);
    };
    joined.assign(left).append(right);
    const TokenId l = need(left), r = need(right);
    merges_.insert_or_assign(pair_of(l, r), Merge{rank, need(joined)});
    ++rank;
  }
}

std::optional<TokenId> BpeModel::character(std::string_view bytes, char32_t point) const {
  if (point >= kDirect) return vocabulary_.id_of(bytes);
  return direct_[point] == kNone ? std::nullopt : std::optional(direct_[point]);
}

bool BpeModel::append_bytes(std::string_view character, std::vector<TokenId>& ids) const {
  for (const char byte : character) {
    if (bytes_[static_cast<std::uint8_t>(byte)] == kNone) return false;
  }
  for (const char byte : character) ids.push_back(bytes_[static_cast<std::uint8_t>(byte)]);
  return true;
}

std::vector<TokenId> BpeModel::characters_of(std::string_view word) const {
  std::vector<TokenId> ids;
  ids.reserve(word.size());
  bool unknown = false;  // an unknown token waits, in case the next character fuses with it
  while (!word.empty()) {
    const auto next = utf8::decode(word);
    const auto bytes = word.substr(0, next.length);
    word.remove_prefix(next.length);
    if (const auto id = character(bytes, next.point)) {
      if (std::exchange(unknown, false)) ids.push_back(*unk_);
      ids.push_back(*id);
    } else if (!(options_.byte_fallback && append_bytes(bytes, ids)) && unk_) {
      if (unknown && !options_.fuse_unk) ids.push_back(*unk_);
      unknown = true;
    }
  }
  if (unknown) ids.push_back(*unk_);
  return ids;
}

void BpeModel::merge(const std::vector<TokenId>& characters, std::vector<TokenId>& ids) const {
  struct Candidate {
    std::int32_t rank, at;
    TokenId result;
    bool operator>(const Candidate& other) const {
      return std::tie(rank, at) > std::tie(other.rank, other.at);
    }
  };
  const auto count = static_cast<std::int32_t>(characters.size());
  std::vector<Symbol> symbols;
  symbols.reserve(characters.size());
  for (std::int32_t i = 0; i < count; ++i)
    symbols.push_back({characters[i], i - 1, i + 1 < count ? i + 1 : -1});

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](std::int32_t at) {
    if (at < 0 || symbols[at].next < 0) return;
    const auto found = merges_.find(pair_of(symbols[at].id, symbols[symbols[at].next].id));
    if (found != merges_.end()) queue.push({found->second.rank, at, found->second.result});
  };
  for (std::int32_t i = 0; i + 1 < count; ++i) consider(i);

  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.at];
    if (left.id == kNone || left.next < 0) continue;
    Symbol& right = symbols[left.next];
    // The pair may have changed since it was queued.
    const auto found = merges_.find(pair_of(left.id, right.id));
    if (found == merges_.end() || found->second.result != best.result) continue;
    left.id = best.result;
    right.id = kNone;
    left.next = right.next;
    if (left.next >= 0) symbols[left.next].previous = best.at;
    consider(left.previous);
    consider(best.at);
  }
  for (const auto& symbol : symbols) {
    if (symbol.id != kNone) ids.push_back(symbol.id);
  }
}

void BpeModel::encode(std::string_view word, std::vector<TokenId>& ids) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_.id_of(word)) return ids.push_back(*id);
  }
  const auto characters = characters_of(word);
  if (characters.size() < 2) {
    ids.insert(ids.end(), characters.begin(), characters.end());
  } else {
    merge(characters, ids);
  }
}

}  // namespace lateral::format
