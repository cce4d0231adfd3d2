#include "core/wiring/block_set.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "core/base/error.hpp"

namespace lateral::wiring {
namespace {

constexpr std::string_view kForms = R"(say "last:4", "3..6", "4,5,7", "all" or "auto")";

void check_layers(int layers) {
  if (layers < 1)
    fail(Errc::InvalidArgument, "blocks", "a decoder with ", layers, " blocks has none to connect");
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int number_in(std::string_view text, std::string_view part) {
  const auto value = number(part);
  if (!value)
    fail(Errc::InvalidArgument, "blocks", '"', text, "\": \"", part, "\" is not a number; ", kForms);
  return *value;
}

std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> blocks;
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    auto part = rest.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    blocks.push_back(number_in(text, part));
    if (comma == std::string_view::npos) return blocks;
    rest.remove_prefix(comma + 1);
  }
}

BlockSet last_of(std::string_view text, int count, int layers) {
  if (count < 1 || count > layers) {
    fail(Errc::InvalidArgument, "blocks", '"', text, "\": the model has ", layers,
         " blocks, so the count must be 1 to ", layers);
  }
  return BlockSet::range(layers - count, layers - 1, layers);
}

}  // namespace

BlockSet BlockSet::parse(std::string_view text, int layers) {
  check_layers(layers);
  if (text == "all") return range(0, layers - 1, layers);
  if (text == "auto") return range(layers / 2, layers - 1, layers);
  if (text.starts_with("last:")) return last_of(text, number_in(text, text.substr(5)), layers);
  if (const auto dots = text.find(".."); dots != std::string_view::npos) {
    return range(number_in(text, text.substr(0, dots)), number_in(text, text.substr(dots + 2)), layers);
  }
  return of(numbers_in(text), layers);
}

BlockSet BlockSet::of(std::span<const int> blocks, int layers) {
  check_layers(layers);
  if (blocks.empty()) fail(Errc::InvalidArgument, "blocks", "the list is empty; name at least one block");
  std::vector<int> sorted(blocks.begin(), blocks.end());
  std::sort(sorted.begin(), sorted.end());
  for (const int block : {sorted.front(), sorted.back()}) {
    if (block < 0 || block >= layers) {
      fail(Errc::InvalidArgument, "blocks", "there is no block ", block, "; the model has blocks 0 to ",
           layers - 1);
    }
  }
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    fail(Errc::InvalidArgument, "blocks", "block ", *twice, " is named twice");
  }
  return BlockSet(std::move(sorted), layers);
}

BlockSet BlockSet::range(int first, int last, int layers) {
  check_layers(layers);
  if (first < 0 || last >= layers || first > last) {
    fail(Errc::InvalidArgument, "blocks", '"', first, "..", last, "\" is not a range of blocks 0 to ",
         layers - 1, " (both ends included, lower one first)");
  }
  std::vector<int> blocks(static_cast<std::size_t>(last - first + 1));
  std::iota(blocks.begin(), blocks.end(), first);
  return BlockSet(std::move(blocks), layers);
}

int BlockSet::index_of(int block) const noexcept {
  const auto found = std::lower_bound(blocks_.begin(), blocks_.end(), block);
  return found != blocks_.end() && *found == block ? static_cast<int>(found - blocks_.begin()) : -1;
}

std::string BlockSet::text() const {
  if (size() > 1 && last() - first() + 1 == size())
    return std::to_string(first()) + ".." + std::to_string(last());
  std::string joined;
  for (const int block : blocks_) joined += (joined.empty() ? "" : ",") + std::to_string(block);
  return joined;
}

}  // namespace lateral::wiring
