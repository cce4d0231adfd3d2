#include "core/plugin/elf_relocations.hpp"

namespace lateral::plugin {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kCopy = R_X86_64_COPY;
constexpr std::uint32_t kNone = R_X86_64_NONE;
constexpr std::uint32_t kRelative = R_X86_64_RELATIVE;
constexpr std::uint32_t kIndirect = R_X86_64_IRELATIVE;
constexpr bool is_static_tls(std::uint32_t type) {
  return type == R_X86_64_TPOFF64 || type == R_X86_64_TPOFF32;
}
#else
constexpr std::uint32_t kCopy = R_AARCH64_COPY;
constexpr std::uint32_t kNone = R_AARCH64_NONE;
constexpr std::uint32_t kRelative = R_AARCH64_RELATIVE;
constexpr std::uint32_t kIndirect = R_AARCH64_IRELATIVE;
constexpr bool is_static_tls(std::uint32_t type) {
  return type == R_AARCH64_TLS_TPREL;
}
#endif

constexpr const char* kTable = "a relocation";
constexpr std::uint64_t kWord = 8;

std::uint32_t type_of(const Elf64_Rela& entry) {
  return static_cast<std::uint32_t>(ELF64_R_TYPE(entry.r_info));
}

class Relocations {
 public:
  Relocations(const ElfImage& elf, std::uint64_t symbols) : elf_(elf), symbols_(symbols) {}

  RelocationFacts read() {
    read_table(DT_RELA, DT_RELASZ, elf_.value(DT_RELACOUNT));
    read_table(DT_JMPREL, DT_PLTRELSZ, 0);
    read_packed();
    return facts_;
  }

 private:
  /// The loader asserts that the first `relative` ones are that.
  void read_table(std::int64_t address, std::int64_t size, std::uint64_t relative) {
    if (!elf_.has(address)) return;
    const std::uint64_t base = elf_.offset_of(elf_.value(address), elf_.value(size), kTable);
    for (std::uint64_t i = 0; i < elf_.value(size) / sizeof(Elf64_Rela); ++i) {
      const auto entry = elf_.at<Elf64_Rela>(base + i * sizeof(Elf64_Rela), kTable);
      if (i < relative && type_of(entry) != kRelative)
        corrupt_elf("relocation ", i, " of ", relative, " relative ones is of type ", type_of(entry));
      read_one(entry);
    }
  }

  void read_one(const Elf64_Rela& entry) {
    const auto type = type_of(entry);
    if (type == kNone) return;
    if (ELF64_R_SYM(entry.r_info) >= symbols_)
      corrupt_elf("a relocation of symbol ", ELF64_R_SYM(entry.r_info), " of ", symbols_);
    if (type == kCopy) corrupt_elf("a copy relocation, which only programs have");
    if (type == kIndirect && !elf_.maps(static_cast<std::uint64_t>(entry.r_addend), 1, PF_X))
      corrupt_elf("a relocation by a function outside the code");
    facts_.static_tls = facts_.static_tls || is_static_tls(type);
    write_to(entry.r_offset);
  }

  /// A table of addresses and of bit maps for the words after the last address.
  void read_packed() {
    if (!elf_.has(DT_RELR)) return;
    const std::uint64_t base = elf_.offset_of(elf_.value(DT_RELR), elf_.value(DT_RELRSZ), kTable);
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < elf_.value(DT_RELRSZ) / kWord; ++i) {
      std::uint64_t entry = elf_.at<std::uint64_t>(base + i * kWord, kTable);
      if ((entry & 1U) == 0) {
        write_to(entry);
        next = entry + kWord;
        continue;
      }
      for (std::uint64_t at = next; (entry >>= 1U) != 0; at += kWord) {
        if ((entry & 1U) != 0) write_to(at);
      }
      next += 63 * kWord;
    }
  }

  void write_to(std::uint64_t address) {
    if (!elf_.maps(address, kWord, 0)) corrupt_elf("a relocation outside the loadable segments");
    facts_.into_code = facts_.into_code || !elf_.maps(address, kWord, PF_W);
  }

  const ElfImage& elf_;
  std::uint64_t symbols_;
  RelocationFacts facts_;
};

}  // namespace

RelocationFacts read_relocations(const ElfImage& elf, std::uint64_t symbols) {
  return Relocations(elf, symbols).read();
}

}  // namespace lateral::plugin
