#include "core/plugin/elf_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "core/plugin/constructor_scan.hpp"
#include "core/plugin/elf_image.hpp"
#include "core/plugin/elf_relocations.hpp"
#include "core/plugin/elf_rules.hpp"
#include "core/plugin/elf_symbol_count.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kMaxSymbols = 1U << 22U;
constexpr std::uint64_t kMaxVersions = 1U << 16U;
constexpr unsigned kVersionMask = 0x7FFFU;
constexpr const char* kVersions = "the table of versions";
// Names share bytes where one ends like another. A million of them that are all the same megabyte would fill the memory.
constexpr std::uint64_t kNamesPerByte = 16, kFewNames = 1U << 20U;

/// From checked bytes to facts.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> image) : elf_(image) { require_rules(elf_); }

  ElfFacts read() {
    read_libraries();
    read_flags();
    read_versions();
    read_own_versions();
    const std::uint64_t symbols = symbol_count(elf_);
    read_symbols(symbols);
    read_relocations_of(symbols);
    for (const auto& segment : elf_.segments()) {
      if (segment.p_type == PT_NOTE) read_notes(segment);
    }
    facts_.sets_float_mode = constructors_set_float_mode(elf_);
    for (auto& [index, version] : versions_) facts_.versions.push_back(std::move(version));
    return std::move(facts_);
  }

 private:
  std::string name_at(std::uint64_t index) {
    std::string name = elf_.string(index);
    name_bytes_ += name.size();
    if (name_bytes_ > kFewNames + kNamesPerByte * elf_.value(DT_STRSZ)) {
      corrupt_elf("names of ", name_bytes_, " bytes in a string table of ", elf_.value(DT_STRSZ));
    }
    return name;
  }

  void read_libraries() {
    for (const auto name : elf_.needed()) facts_.needed.push_back(name_at(name));
    // The newer tag makes the loader ignore the older one.
    for (const auto tag : {DT_RPATH, DT_RUNPATH}) {
      if (elf_.has(tag)) facts_.run_path = name_at(elf_.value(tag));
    }
    if (elf_.has(DT_SONAME)) facts_.own_name = name_at(elf_.value(DT_SONAME));
  }

  void read_flags() {
    const std::uint64_t flags = elf_.value(DT_FLAGS);
    facts_.text_relocations = elf_.has(DT_TEXTREL) || (flags & DF_TEXTREL) != 0;
    facts_.static_tls = (flags & DF_STATIC_TLS) != 0;
    facts_.no_delete = (elf_.value(DT_FLAGS_1) & DF_1_NODELETE) != 0;
    facts_.executable_stack = elf_.executable_stack();
    facts_.writable_code = elf_.writable_code();
    facts_.tls_bytes = elf_.tls_bytes();
  }

  /// Versions of symbols that it wants of other libraries, by the number that symbols use for them. Lists end where the
  /// loader sees their end; the counts beside them are for other readers.
  void read_versions() {
    if (!elf_.has(DT_VERNEED)) return;
    std::uint64_t at = elf_.value(DT_VERNEED);
    for (bool more = true; more;) {
      const auto need = elf_.at_address<Elf64_Verneed>(at, kVersions);
      read_versions_of(name_at(need.vn_file), at + need.vn_aux);
      more = need.vn_next != 0;
      at += need.vn_next;
    }
  }

  void read_versions_of(const std::string& library, std::uint64_t at) {
    // The loader asserts that it has loaded the library by now.
    if (std::find(facts_.needed.begin(), facts_.needed.end(), library) == facts_.needed.end())
      corrupt_elf("wants versions of a library that it does not need");
    for (bool more = true; more;) {
      const auto version = elf_.at_address<Elf64_Vernaux>(at, kVersions);
      if (++total_versions_ > kMaxVersions) corrupt_elf("claims more than ", kMaxVersions, " versions");
      versions_[version.vna_other & kVersionMask] = {library, name_at(version.vna_name), {}};
      highest_version_ = std::max<unsigned>(highest_version_, version.vna_other & kVersionMask);
      more = version.vna_next != 0;
      at += version.vna_next;
    }
  }

  /// Versions that it defines itself matter only by their numbers.
  void read_own_versions() {
    if (!elf_.has(DT_VERDEF)) return;
    std::uint64_t at = elf_.value(DT_VERDEF);
    for (bool more = true; more;) {
      const auto version = elf_.at_address<Elf64_Verdef>(at, kVersions);
      if (++total_versions_ > kMaxVersions) corrupt_elf("claims more than ", kMaxVersions, " versions");
      name_at(elf_.at_address<Elf64_Verdaux>(at + version.vd_aux, kVersions).vda_name);
      highest_version_ = std::max<unsigned>(highest_version_, version.vd_ndx & kVersionMask);
      more = version.vd_next != 0;
      at += version.vd_next;
    }
  }

  void read_symbols(std::uint64_t count) {
    if (count > kMaxSymbols) corrupt_elf("claims ", count, " symbols");
    const std::uint64_t base =
        elf_.offset_of(elf_.wanted(DT_SYMTAB), count * sizeof(Elf64_Sym), "the symbol table");
    const std::uint64_t numbers =
        elf_.has(DT_VERSYM)
            ? elf_.offset_of(elf_.value(DT_VERSYM), count * sizeof(Elf64_Half), "the versions of symbols")
            : 0;
    for (std::uint64_t i = 1; i < count; ++i) {  // 0 is reserved
      const auto symbol = elf_.at<Elf64_Sym>(base + i * sizeof(Elf64_Sym), "the symbol table");
      const auto version =
          numbers == 0 ? 0 : elf_.at<Elf64_Half>(numbers + i * sizeof(Elf64_Half), kVersions);
      if ((version & kVersionMask) > std::max(1U, highest_version_))
        corrupt_elf("a symbol of version ", version, ", which is none");
      if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
      std::string name = name_at(symbol.st_name);
      if (symbol.st_shndx != SHN_UNDEF) {
        define(std::move(name), symbol);
        continue;
      }
      if (numbers != 0) name_user(version, name);
      facts_.imported.push_back(std::move(name));
    }
  }

  void define(std::string name, const Elf64_Sym& symbol) {
    const bool function = ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_ABS;
    if (function && !elf_.maps(symbol.st_value, 1, PF_X)) corrupt_elf("a function outside the code");
    facts_.defined.push_back({std::move(name), function, ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE});
  }

  void read_relocations_of(std::uint64_t symbols) {
    // A hash table of nothing does not know how many symbols are only wanted; without an entry nobody loads it.
    if (facts_.defined.empty()) return;
    const auto relocations = read_relocations(elf_, symbols);
    facts_.text_relocations = facts_.text_relocations || relocations.into_code;
    facts_.static_tls = facts_.static_tls || relocations.static_tls;
  }

  /// The first symbol that wants a version stands for it in messages.
  void name_user(Elf64_Half number, const std::string& symbol) {
    const auto version = versions_.find(number & kVersionMask);
    if (version != versions_.end() && version->second.symbol.empty()) version->second.symbol = symbol;
  }

  void read_notes(const Elf64_Phdr& segment) {
    std::uint64_t offset = segment.p_offset;
    const std::uint64_t end = segment.p_offset + segment.p_filesz;
    const std::uint64_t align = segment.p_align == 8 ? 8 : 4;
    while (end - offset >= sizeof(Elf64_Nhdr)) {
      const auto note = elf_.at<Elf64_Nhdr>(offset, "a note");
      const std::uint64_t name = offset + sizeof(Elf64_Nhdr);
      const std::uint64_t desc = round_up(name + note.n_namesz, align);
      if (desc > end || note.n_descsz > end - desc) corrupt_elf("a note longer than its segment");
      keep_note(note, name, desc);
      offset = std::min(end, round_up(desc + note.n_descsz, align));
    }
  }

  void keep_note(const Elf64_Nhdr& note, std::uint64_t name, std::uint64_t desc) {
    if (note.n_namesz != 8 || note.n_type != 1) return;
    if (elf_.at<std::array<char, 8>>(name, "a note") != std::array{'L', 'A', 'T', 'E', 'R', 'A', 'L', '\0'})
      return;
    if (note.n_descsz < sizeof(lat_note_desc)) corrupt_elf("a lateral note of ", note.n_descsz, " bytes");
    if (facts_.note) corrupt_elf("two lateral notes");
    const auto found = elf_.at<lat_note_desc>(desc, "the lateral note");
    if (found.id[sizeof found.id - 1] != '\0' || found.version[sizeof found.version - 1] != '\0') {
      corrupt_elf("the lateral note's id or version has no end");
    }
    facts_.note = found;
  }

  static std::uint64_t round_up(std::uint64_t value, std::uint64_t align) {
    return (value + align - 1) / align * align;
  }

  ElfImage elf_;
  std::map<unsigned, ElfFacts::Version> versions_;
  ElfFacts facts_;
  std::uint64_t name_bytes_ = 0;  ///< of all names so far
  std::uint64_t total_versions_ = 0;
  unsigned highest_version_ = 0;
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
