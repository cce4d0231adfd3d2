#include "core/plugin/elf_symbol_count.hpp"

#include <algorithm>

namespace lateral::plugin {
namespace {

constexpr const char* kElf = "the hash table";
constexpr const char* kGnu = "the GNU hash table";

/// Every symbol is in one chain at most; a second visit would be a search without end.
std::uint64_t elf_count(const ElfImage& elf) {
  const std::uint64_t table = elf.offset_of(elf.value(DT_HASH), 8, kElf);
  const std::uint64_t buckets = elf.at<std::uint32_t>(table, kElf);
  const std::uint64_t count = elf.at<std::uint32_t>(table + 4, kElf);
  elf.offset_of(elf.value(DT_HASH), 8 + 4 * (buckets + count), kElf);
  const std::uint64_t chains = table + 8 + 4 * buckets;
  std::vector<bool> seen(count);
  for (std::uint64_t bucket = 0; bucket < buckets; ++bucket) {
    std::uint64_t symbol = elf.at<std::uint32_t>(table + 8 + 4 * bucket, kElf);
    for (; symbol != 0; symbol = elf.at<std::uint32_t>(chains + 4 * symbol, kElf)) {
      if (symbol >= count) corrupt_elf(kElf, " names symbol ", symbol, " of ", count);
      if (seen[symbol]) corrupt_elf(kElf, " has a loop");
      seen[symbol] = true;
    }
  }
  return count;
}

std::uint64_t gnu_count(const ElfImage& elf) {
  const std::uint64_t address = elf.value(DT_GNU_HASH);
  const std::uint64_t table = elf.offset_of(address, 16, kGnu);
  const std::uint64_t buckets = elf.at<std::uint32_t>(table, kGnu);
  const std::uint64_t first = elf.at<std::uint32_t>(table + 4, kGnu);
  const std::uint64_t bloom = elf.at<std::uint32_t>(table + 8, kGnu);
  if (bloom == 0 || (bloom & (bloom - 1)) != 0) corrupt_elf(kGnu, " has ", bloom, " filter words");
  const std::uint64_t bucket_base = 16 + 8 * bloom;
  const std::uint64_t chain_base = bucket_base + 4 * buckets;
  elf.offset_of(address, chain_base, kGnu);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < buckets; ++i) {
    const std::uint64_t symbol = elf.at<std::uint32_t>(table + bucket_base + 4 * i, kGnu);
    if (symbol != 0 && symbol < first)
      corrupt_elf(kGnu, " names symbol ", symbol, " before its first, ", first);
    last = std::max(last, symbol);
  }
  if (last < first) return first;  // nothing is exported
  while (true) {
    const std::uint64_t chain = chain_base + 4 * (last - first);
    elf.offset_of(address, chain + 4, kGnu);
    ++last;
    if ((elf.at<std::uint32_t>(table + chain, kGnu) & 1U) != 0) return last;
  }
}

}  // namespace

std::uint64_t symbol_count(const ElfImage& elf) {
  if (elf.has(DT_HASH)) {
    const auto count = elf_count(elf);
    if (!elf.has(DT_GNU_HASH)) return count;
  }
  if (elf.has(DT_GNU_HASH)) return gnu_count(elf);
  corrupt_elf("no hash table of symbols");
}

}  // namespace lateral::plugin
