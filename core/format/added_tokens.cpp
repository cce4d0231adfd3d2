#include "core/format/added_tokens.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

// Looking for tokens takes at most this many steps a byte.
constexpr std::size_t kMaxLength = 512;

std::size_t spaces_before(std::string_view text, std::size_t end, std::size_t floor) {
  while (end > floor) {
    std::size_t begin = end - 1;
    while (begin > floor && (static_cast<std::uint8_t>(text[begin]) & 0xC0U) == 0x80U) --begin;
    if (!utf8::is_space(utf8::decode(text.substr(begin)).point)) break;
    end = begin;
  }
  return end;
}

std::size_t spaces_after(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    const auto next = utf8::decode(text.substr(begin));
    if (!utf8::is_space(next.point)) break;
    begin += next.length;
  }
  return begin;
}

std::string_view first_character(std::string_view text, std::size_t at) {
  return at == text.size() ? "" : text.substr(at, utf8::decode(text.substr(at)).length);
}

// What \w is to the `tokenizers` package here.
bool is_word(std::string_view character) {
  static const Regex kWord(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}])");
  return kWord.matches(character);
}

std::string shown(const AddedToken& token) {
  return json::quote(utf8::clip(token.content));
}

std::uint64_t edge(std::uint32_t node, char byte) {
  return (static_cast<std::uint64_t>(node) << 8U) | static_cast<std::uint8_t>(byte);
}

}  // namespace

void AddedTokens::Finder::insert(std::string_view content, TokenId token) {
  std::uint32_t node = 0;
  first.set(static_cast<std::uint8_t>(content.front()));
  for (const char byte : content) {
    const auto [place, added] = edges.emplace(edge(node, byte), static_cast<std::uint32_t>(ends.size()));
    if (added) ends.push_back(-1);
    node = place->second;
  }
  ends[node] = token;
}

std::vector<AddedTokens::Finder::Found> AddedTokens::Finder::find_all(std::string_view text) const {
  std::vector<Found> all;
  if (edges.empty()) return all;
  for (std::size_t begin = 0; begin < text.size();) {
    Found longest{begin, begin + 1, -1};
    if (!first[static_cast<std::uint8_t>(text[begin])]) {
      ++begin;
      continue;
    }
    std::uint32_t node = 0;
    for (std::size_t at = begin; at < text.size(); ++at) {
      const auto next = edges.find(edge(node, text[at]));
      if (next == edges.end()) break;
      node = next->second;
      if (ends[node] >= 0) longest = {begin, at + 1, ends[node]};
    }
    if (longest.token >= 0) all.push_back(longest);
    begin = longest.end;
  }
  return all;
}

void AddedTokens::add(AddedToken token, std::string_view source) {
  if (token.content.empty() || token.content.size() > kMaxLength) {
    fail(Errc::Corrupt, "tokenizer", source, ": an added token of ", token.content.size(), " bytes; 1 to ",
         kMaxLength, " are allowed");
  }
  if (by_id_.contains(token.id) || by_content_.contains(token.content)) {
    fail(Errc::Corrupt, "tokenizer", source, ": the added token ", shown(token), " or its id ", token.id,
         " is there twice");
  }
  order_.push_back(token.id);
  by_content_.emplace(token.content, token.id);
  by_id_.emplace(token.id, std::move(token));
}

void AddedTokens::change(AddedToken token) {
  by_id_.at(token.id) = std::move(token);
}

void AddedTokens::index(const Normalizer& normalizer, std::string_view source) {
  for (const TokenId id : order_) {
    AddedToken& token = by_id_.at(id);
    if (!token.normalized) {
      token.decoded = token.content;
      raw_.insert(token.content, id);
      continue;
    }
    token.decoded = normalizer.apply(token.content);
    if (token.decoded.size() > kMaxLength)
      fail(Errc::Corrupt, "tokenizer", source, ": the added token ", shown(token), " has ",
           token.decoded.size(), " bytes when it is normalized; at most ", kMaxLength, " are allowed");
    if (!token.decoded.empty()) normalized_.insert(token.decoded, id);
  }
}

bool AddedTokens::stands_right(const Finder::Found& found, std::string_view text) const {
  if (!by_id_.at(found.token).single_word) return true;
  std::size_t before = found.begin;
  while (before > 0 && (static_cast<std::uint8_t>(text[--before]) & 0xC0U) == 0x80U) {
  }
  return !is_word(text.substr(before, found.begin - before)) && !is_word(first_character(text, found.end));
}

// Tokens as they are cut out. Where one swallows white space that is another token, both count, as in the
// `tokenizers` package.
std::vector<AddedTokens::Finder::Found> AddedTokens::widened(const Finder& finder,
                                                             std::string_view text) const {
  auto all = finder.find_all(text);
  std::size_t floor = 0;   // the end of the token before with the white space it swallowed
  std::size_t spaces = 0;  // the end of the white space last looked at: each is walked over once
  std::erase_if(all, [&](Finder::Found& found) {
    if (!stands_right(found, text)) return true;
    const AddedToken& token = by_id_.at(found.token);
    if (token.lstrip) found.begin = spaces_before(text, found.begin, std::min(floor, found.begin));
    if (token.rstrip) {
      if (found.end > spaces) spaces = spaces_after(text, found.end);
      found.end = spaces;
    }
    floor = found.end;
    return false;
  });
  return all;
}

void AddedTokens::split_normalized(std::string text, bool at_start, std::vector<Segment>& out) const {
  std::size_t at = 0;
  for (const auto& found : widened(normalized_, text)) {
    if (found.begin > at)
      out.push_back({text.substr(at, found.begin - at), std::nullopt, at_start && at == 0});
    out.push_back({{}, found.token, false});
    at = found.end;
  }
  if (at < text.size()) out.push_back({text.substr(at), std::nullopt, at_start && at == 0});
}

std::vector<AddedTokens::Segment> AddedTokens::split(std::string_view text,
                                                     const Normalizer& normalizer) const {
  std::vector<Segment> segments;
  std::size_t at = 0;
  const auto plain_until = [&](std::size_t end) {
    if (end > at)
      split_normalized(normalizer.apply(std::string(text.substr(at, end - at))), at == 0, segments);
  };
  for (const auto& found : widened(raw_, text)) {
    plain_until(found.begin);
    segments.push_back({{}, found.token, false});
    at = found.end;
  }
  plain_until(text.size());
  return segments;
}

const AddedToken* AddedTokens::find(TokenId id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

const AddedToken* AddedTokens::find(std::string_view content) const noexcept {
  const auto found = by_content_.find(content);
  return found == by_content_.end() ? nullptr : find(found->second);
}

}  // namespace lateral::format
