#include "core/plugin/elf_reader.hpp"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>

#include "core/base/error.hpp"

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
constexpr std::uint64_t kMaxSymbols = 1U << 22U;

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

template <typename... Parts>
[[noreturn]] void corrupt(const Parts&... parts) {
  fail(Errc::Corrupt, "elf", parts...);
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> image) : image_(image) {}

  ElfFacts read() {
    read_header();
    read_segments();
    read_section_table();
    read_dynamic();
    read_symbols();
    read_notes();
    return std::move(facts_);
  }

 private:
  void need(std::uint64_t offset, std::uint64_t size, const char* what) const {
    if (offset > image_.size() || size > image_.size() - offset) {
      corrupt("truncated: ", what, " ends at byte ", offset + size, ", the file has ", image_.size());
    }
  }

  template <typename T>
  T at(std::uint64_t offset, const char* what) const {
    need(offset, sizeof(T), what);
    T value;
    std::memcpy(&value, image_.data() + offset, sizeof(T));
    return value;
  }

  void read_header() {
    if (image_.size() < SELFMAG || std::memcmp(image_.data(), ELFMAG, SELFMAG) != 0)
      corrupt("not an ELF file");
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

  void read_segments() {
    if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 ||
        header_.e_phnum > kMaxProgramHeaders) {
      corrupt("program header table of ", header_.e_phnum, " x ", header_.e_phentsize, " bytes");
    }
    bool stack_named = false;
    for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment =
          at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr), "the program header table");
      if (segment.p_type == PT_GNU_STACK) {
        stack_named = true;
        facts_.executable_stack = (segment.p_flags & PF_X) != 0;
        continue;
      }
      if (segment.p_type == PT_NULL) continue;
      need(segment.p_offset, segment.p_filesz, "a segment");
      if (segment.p_type == PT_LOAD) add_load(segment);
      if (segment.p_type == PT_DYNAMIC) dynamic_ = segment;
      if (segment.p_type == PT_NOTE) notes_.push_back(segment);
    }
    // Without the header the kernel assumes the worst.
    if (!stack_named) facts_.executable_stack = true;
    if (loads_.empty()) corrupt("no loadable segment");
    if (!dynamic_) corrupt("no dynamic section");
  }

  void add_load(const Elf64_Phdr& segment) {
    if (segment.p_filesz > segment.p_memsz || segment.p_vaddr + segment.p_memsz < segment.p_vaddr) {
      corrupt("a segment larger in the file than in memory");
    }
    const std::uint64_t align = segment.p_align;
    if (align > 1 && ((align & (align - 1)) != 0 || segment.p_offset % align != segment.p_vaddr % align)) {
      corrupt("a segment with impossible alignment ", align);
    }
    if (!loads_.empty() && segment.p_vaddr < loads_.back().p_vaddr + loads_.back().p_memsz) {
      corrupt("segments overlap");
    }
    loads_.push_back(segment);
  }

  /// The loader ignores it, but it is last in the file, so that a cut end shows here.
  void read_section_table() const {
    if (header_.e_shoff == 0) return;
    need(header_.e_shoff, std::uint64_t{header_.e_shnum} * header_.e_shentsize, "the section table");
  }

  /// File offset of `size` bytes at virtual address `address`, inside one segment's part of the file.
  std::uint64_t offset_of(std::uint64_t address, std::uint64_t size, const char* what) const {
    for (const auto& load : loads_) {
      if (address < load.p_vaddr || address - load.p_vaddr > load.p_filesz) continue;
      if (size > load.p_filesz - (address - load.p_vaddr)) continue;
      return load.p_offset + (address - load.p_vaddr);
    }
    corrupt(what, " lies outside the loadable segments");
  }

  void read_dynamic() {
    const std::uint64_t count = dynamic_->p_filesz / sizeof(Elf64_Dyn);
    offset_of(dynamic_->p_vaddr, dynamic_->p_filesz, "the dynamic section");
    bool ended = false;
    std::vector<std::uint64_t> needed;
    for (std::uint64_t i = 0; i < count && !ended; ++i) {
      const auto entry = at<Elf64_Dyn>(dynamic_->p_offset + i * sizeof(Elf64_Dyn), "the dynamic section");
      ended = entry.d_tag == DT_NULL;
      if (entry.d_tag == DT_NEEDED) {
        needed.push_back(entry.d_un.d_val);
      } else {
        entries_[entry.d_tag] = entry.d_un.d_val;
      }
    }
    if (!ended) corrupt("the dynamic section has no end");
    check_tables();
    read_flags();
    strings_ = offset_of(wanted(DT_STRTAB), wanted(DT_STRSZ), "the string table");
    for (const auto name : needed) facts_.needed.push_back(string(name));
    for (const auto tag : {DT_RPATH, DT_RUNPATH}) {
      if (entries_.contains(tag)) facts_.run_path = string(entries_.at(tag));
    }
  }

  void read_flags() {
    const std::uint64_t flags = value(DT_FLAGS);
    const std::uint64_t flags_1 = value(DT_FLAGS_1);
    if ((flags_1 & DF_1_PIE) != 0) fail(Errc::Unsupported, "elf", "a program (PIE), not a shared library");
    facts_.text_relocations = entries_.contains(DT_TEXTREL) || (flags & DF_TEXTREL) != 0;
    facts_.static_tls = (flags & DF_STATIC_TLS) != 0;
    facts_.no_delete = (flags_1 & DF_1_NODELETE) != 0;
  }

  /// Everything that the loader reads or runs through a pair of address and size.
  void check_tables() const {
    constexpr std::pair<std::int64_t, std::int64_t> kTables[] = {{DT_RELA, DT_RELASZ},
                                                                 {DT_JMPREL, DT_PLTRELSZ},
                                                                 {DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
                                                                 {DT_FINI_ARRAY, DT_FINI_ARRAYSZ}};
    for (const auto& [address, size] : kTables) {
      if (entries_.contains(address))
        offset_of(value(address), value(size), "a table of the dynamic section");
    }
  }

  std::uint64_t value(std::int64_t tag) const {
    const auto found = entries_.find(tag);
    return found == entries_.end() ? 0 : found->second;
  }
  std::uint64_t wanted(std::int64_t tag) const {
    if (!entries_.contains(tag)) corrupt("the dynamic section lacks tag ", tag);
    return entries_.at(tag);
  }

  std::string string(std::uint64_t index) const {
    const std::uint64_t size = value(DT_STRSZ);
    if (index >= size) corrupt("a name outside the string table");
    const auto* const begin = reinterpret_cast<const char*>(image_.data()) + strings_ + index;
    const void* const end = std::memchr(begin, 0, size - index);
    if (end == nullptr) corrupt("a name without an end");
    return {begin, static_cast<const char*>(end)};
  }

  void read_symbols() {
    const std::uint64_t count = symbol_count();
    if (count > kMaxSymbols) corrupt("claims ", count, " symbols");
    const std::uint64_t base = offset_of(wanted(DT_SYMTAB), count * sizeof(Elf64_Sym), "the symbol table");
    for (std::uint64_t i = 1; i < count; ++i) {  // 0 is reserved
      const auto symbol = at<Elf64_Sym>(base + i * sizeof(Elf64_Sym), "the symbol table");
      const auto bind = ELF64_ST_BIND(symbol.st_info);
      if (bind == STB_LOCAL) continue;
      std::string name = string(symbol.st_name);
      if (symbol.st_shndx == SHN_UNDEF) {
        facts_.imported.push_back(std::move(name));
      } else {
        const auto type = ELF64_ST_TYPE(symbol.st_info);
        facts_.defined.push_back({std::move(name), type == STT_FUNC, bind == STB_GNU_UNIQUE});
      }
    }
  }

  /// The dynamic symbol table has no length of its own; the hash tables know it.
  std::uint64_t symbol_count() const {
    if (entries_.contains(DT_HASH)) {
      const std::uint64_t table = offset_of(value(DT_HASH), 8, "the hash table");
      const auto buckets = at<std::uint32_t>(table, "the hash table");
      const auto chains = at<std::uint32_t>(table + 4, "the hash table");
      offset_of(value(DT_HASH), 8 + 4 * (std::uint64_t{buckets} + chains), "the hash table");
      return chains;
    }
    if (entries_.contains(DT_GNU_HASH)) return gnu_symbol_count();
    corrupt("no hash table of symbols");
  }

  std::uint64_t gnu_symbol_count() const {
    const std::uint64_t address = value(DT_GNU_HASH);
    const std::uint64_t table = offset_of(address, 16, "the GNU hash table");
    const std::uint64_t buckets = at<std::uint32_t>(table, "the GNU hash table");
    const std::uint64_t first = at<std::uint32_t>(table + 4, "the GNU hash table");
    const std::uint64_t bloom = at<std::uint32_t>(table + 8, "the GNU hash table");
    const std::uint64_t bucket_base = 16 + 8 * bloom;
    const std::uint64_t chain_base = bucket_base + 4 * buckets;
    offset_of(address, chain_base, "the GNU hash table");
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < buckets; ++i) {
      last =
          std::max<std::uint64_t>(last, at<std::uint32_t>(table + bucket_base + 4 * i, "the GNU hash table"));
    }
    if (last < first) return first;  // nothing is exported
    while (true) {
      const std::uint64_t chain = chain_base + 4 * (last - first);
      offset_of(address, chain + 4, "the GNU hash table");
      ++last;
      if ((at<std::uint32_t>(table + chain, "the GNU hash table") & 1U) != 0) return last;
    }
  }

  void read_notes() {
    for (const auto& segment : notes_) {
      std::uint64_t offset = segment.p_offset;
      const std::uint64_t end = segment.p_offset + segment.p_filesz;
      const std::uint64_t align = segment.p_align == 8 ? 8 : 4;
      while (end - offset >= sizeof(Elf64_Nhdr)) {
        const auto note = at<Elf64_Nhdr>(offset, "a note");
        const std::uint64_t name = offset + sizeof(Elf64_Nhdr);
        const std::uint64_t desc = round_up(name + note.n_namesz, align);
        if (desc > end || note.n_descsz > end - desc) corrupt("a note longer than its segment");
        keep_note(note, name, desc);
        offset = std::min(end, round_up(desc + note.n_descsz, align));
      }
    }
  }

  void keep_note(const Elf64_Nhdr& note, std::uint64_t name, std::uint64_t desc) {
    if (note.n_namesz != 8 || note.n_type != 1 || std::memcmp(image_.data() + name, "LATERAL", 8) != 0)
      return;
    if (note.n_descsz < sizeof(lat_note_desc)) corrupt("a lateral note of ", note.n_descsz, " bytes");
    if (facts_.note) corrupt("two lateral notes");
    auto found = at<lat_note_desc>(desc, "the lateral note");
    if (found.id[sizeof found.id - 1] != '\0' || found.version[sizeof found.version - 1] != '\0') {
      corrupt("the lateral note's id or version has no end");
    }
    facts_.note = found;
  }

  static std::uint64_t round_up(std::uint64_t value, std::uint64_t align) {
    return (value + align - 1) / align * align;
  }

  std::span<const std::byte> image_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> loads_;
  std::vector<Elf64_Phdr> notes_;
  std::optional<Elf64_Phdr> dynamic_;
  std::map<std::int64_t, std::uint64_t> entries_;
  std::uint64_t strings_ = 0;
  ElfFacts facts_;
};

}  // namespace

bool ElfFacts::defines(std::string_view name) const {
  return std::any_of(defined.begin(), defined.end(),
                     [&](const Symbol& symbol) { return symbol.name == name; });
}

bool ElfFacts::imports(std::string_view name) const {
  return std::find(imported.begin(), imported.end(), name) != imported.end();
}

ElfFacts read_elf(std::span<const std::byte> image) {
  return Reader(image).read();
}

}  // namespace lateral::plugin
