#include "core/plugin/elf_image.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lateral::plugin {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#else
#error "plugins are supported on x86-64 and aarch64"
#endif

constexpr std::uint64_t kMaxProgramHeaders = 512;
constexpr std::size_t kMaxNeeded = 256;  // libraries; each may become a line for the user

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "32-bit x86";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "32-bit ARM";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "machine " + std::to_string(machine);
  }
}

constexpr std::string_view kProgram = "a program (it asks for an interpreter), not a shared library";

}  // namespace

ElfImage::ElfImage(std::span<const std::byte> image) : image_(image) {
  read_header();
  read_segments();
  read_section_table();
  read_dynamic();
}

void ElfImage::need(std::uint64_t offset, std::uint64_t size, const char* what) const {
  if (offset > image_.size() || size > image_.size() - offset) {
    corrupt_elf("truncated: ", what, " ends at byte ", offset + size, ", the file has ", image_.size());
  }
}

void ElfImage::read_header() {
  if (image_.size() < SELFMAG || std::memcmp(image_.data(), ELFMAG, SELFMAG) != 0)
    corrupt_elf("not an ELF file");
  need(0, sizeof(Elf64_Ehdr), "the ELF header");
  header_ = at<Elf64_Ehdr>(0, "the ELF header");
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB) {
    fail(Errc::Unsupported, "elf", "a ", header_.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32", "-bit ",
         header_.e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big",
         "-endian library; this host needs 64-bit little-endian");
  }
  if (header_.e_machine != kMachine) {
    fail(Errc::Unsupported, "elf", "built for ", machine_name(header_.e_machine), "; this host is ",
         machine_name(kMachine));
  }
  if (header_.e_type != ET_DYN) {
    fail(Errc::Unsupported, "elf", header_.e_type == ET_EXEC ? "a program" : "an object file",
         ", not a shared library");
  }
}

void ElfImage::read_segments() {
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 ||
      header_.e_phnum > kMaxProgramHeaders) {
    corrupt_elf("program header table of ", header_.e_phnum, " x ", header_.e_phentsize, " bytes");
  }
  bool stack_named = false;
  for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
    const auto segment = at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr), "the program header table");
    if (segment.p_type == PT_GNU_STACK) {
      stack_named = true;
      executable_stack_ = (segment.p_flags & PF_X) != 0;
      continue;
    }
    if (segment.p_type == PT_NULL) continue;
    if (segment.p_type == PT_INTERP) fail(Errc::Unsupported, "elf", kProgram);
    need(segment.p_offset, segment.p_filesz, "a segment");
    if (segment.p_type == PT_LOAD) add_load(segment);
    if (segment.p_type == PT_DYNAMIC) dynamic_ = segment;
    segments_.push_back(segment);
    if (segment.p_type == PT_TLS) tls_bytes_ = segment.p_memsz;
  }
  // Without the header the kernel assumes the worst.
  if (!stack_named) executable_stack_ = true;
  if (loads_.empty()) corrupt_elf("no loadable segment");
  if (!dynamic_) corrupt_elf("no dynamic section");
}

void ElfImage::add_load(const Elf64_Phdr& segment) {
  if (segment.p_filesz > segment.p_memsz || segment.p_vaddr + segment.p_memsz < segment.p_vaddr) {
    corrupt_elf("a segment larger in the file than in memory");
  }
  const std::uint64_t align = segment.p_align;
  if (align > 1 && ((align & (align - 1)) != 0 || segment.p_offset % align != segment.p_vaddr % align)) {
    corrupt_elf("a segment with impossible alignment ", align);
  }
  if (!loads_.empty() && segment.p_vaddr < loads_.back().p_vaddr + loads_.back().p_memsz) {
    corrupt_elf("segments overlap");
  }
  constexpr std::uint32_t kWritableCode = PF_W | PF_X;
  writable_code_ = writable_code_ || (segment.p_flags & kWritableCode) == kWritableCode;
  loads_.push_back(segment);
}

// The loader ignores it, but it is last in the file, so that a cut end shows here.
void ElfImage::read_section_table() const {
  if (header_.e_shoff == 0) return;
  need(header_.e_shoff, std::uint64_t{header_.e_shnum} * header_.e_shentsize, "the section table");
}

std::uint64_t ElfImage::offset_of(std::uint64_t address, std::uint64_t size, const char* what) const {
  for (const auto& load : loads_) {
    if (address < load.p_vaddr || address - load.p_vaddr > load.p_filesz) continue;
    if (size > load.p_filesz - (address - load.p_vaddr)) continue;
    return load.p_offset + (address - load.p_vaddr);
  }
  corrupt_elf(what, " lies outside the loadable segments");
}

bool ElfImage::maps(std::uint64_t address, std::uint64_t size, std::uint32_t flags) const {
  const auto behind =
      std::upper_bound(loads_.begin(), loads_.end(), address,
                       [](std::uint64_t value, const auto& load) { return value < load.p_vaddr; });
  if (behind == loads_.begin()) return false;
  const auto& load = *std::prev(behind);
  const std::uint64_t within = address - load.p_vaddr;
  return within <= load.p_memsz && size <= load.p_memsz - within && (load.p_flags & flags) == flags;
}

std::span<const std::byte> ElfImage::bytes_at(std::uint64_t address, std::uint64_t size,
                                              const char* what) const {
  for (const auto& load : loads_) {
    if (address < load.p_vaddr || address - load.p_vaddr >= load.p_filesz) continue;
    const std::uint64_t within = address - load.p_vaddr;
    return image_.subspan(load.p_offset + within, std::min(size, load.p_filesz - within));
  }
  corrupt_elf(what, " lies outside the loadable segments");
}

void ElfImage::read_dynamic() {
  // By address, as the loader finds it, not by the segment's own place in the file.
  const std::uint64_t begin = offset_of(dynamic_->p_vaddr, dynamic_->p_filesz, "the dynamic section");
  const std::uint64_t count = dynamic_->p_filesz / sizeof(Elf64_Dyn);
  bool ended = false;
  for (std::uint64_t i = 0; i < count && !ended; ++i) {
    const auto entry = at<Elf64_Dyn>(begin + i * sizeof(Elf64_Dyn), "the dynamic section");
    ended = entry.d_tag == DT_NULL;
    if (entry.d_tag == DT_NEEDED || entry.d_tag == DT_FILTER || entry.d_tag == DT_AUXILIARY) {
      if (needed_.size() == kMaxNeeded) corrupt_elf("needs more than ", kMaxNeeded, " libraries");
      needed_.push_back(entry.d_un.d_val);
    } else {
      entries_[entry.d_tag] = entry.d_un.d_val;
    }
  }
  if (!ended) corrupt_elf("the dynamic section has no end");
  if ((value(DT_FLAGS_1) & DF_1_PIE) != 0) {
    fail(Errc::Unsupported, "elf", "a program (PIE), not a shared library");
  }
  check_tables();
  strings_ = offset_of(wanted(DT_STRTAB), wanted(DT_STRSZ), "the string table");
}

/// Everything that the loader reads or runs through a pair of address and size.
void ElfImage::check_tables() const {
  constexpr std::pair<std::int64_t, std::int64_t> kTables[] = {{DT_RELA, DT_RELASZ},
                                                               {DT_RELR, DT_RELRSZ},
                                                               {DT_JMPREL, DT_PLTRELSZ},
                                                               {DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
                                                               {DT_FINI_ARRAY, DT_FINI_ARRAYSZ}};
  for (const auto& [address, size] : kTables) {
    if (has(address)) offset_of(value(address), value(size), "a table of the dynamic section");
  }
}

std::uint64_t ElfImage::wanted(std::int64_t tag) const {
  if (!has(tag)) corrupt_elf("the dynamic section lacks tag ", tag);
  return entries_.at(tag);
}

std::string ElfImage::string(std::uint64_t index) const {
  const std::uint64_t size = value(DT_STRSZ);
  if (index >= size) corrupt_elf("a name outside the string table");
  const auto* const begin = reinterpret_cast<const char*>(image_.data()) + strings_ + index;
  const void* const end = std::memchr(begin, 0, size - index);
  if (end == nullptr) corrupt_elf("a name without an end");
  return {begin, static_cast<const char*>(end)};
}

}  // namespace lateral::plugin
