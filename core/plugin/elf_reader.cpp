#include "core/plugin/elf_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "core/plugin/constructor_scan.hpp"
#include "core/plugin/elf_image.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kMaxSymbols = 1U << 22U;
constexpr std::uint64_t kMaxVersions = 1U << 16U;
// Names share bytes where one ends like another. A million of them that are all the same megabyte would fill the memory.
constexpr std::uint64_t kNamesPerByte = 16, kFewNames = 1U << 20U;

/// From checked bytes to facts.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> image) : elf_(image) {}

  ElfFacts read() {
    read_libraries();
    read_flags();
    read_versions();
    read_symbols();
    for (const auto& segment : elf_.notes()) read_notes(segment);
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
  }

  void read_flags() {
    const std::uint64_t flags = elf_.value(DT_FLAGS);
    facts_.text_relocations = elf_.has(DT_TEXTREL) || (flags & DF_TEXTREL) != 0;
    facts_.static_tls = (flags & DF_STATIC_TLS) != 0;
    facts_.no_delete = (elf_.value(DT_FLAGS_1) & DF_1_NODELETE) != 0;
    facts_.executable_stack = elf_.executable_stack();
    facts_.tls_bytes = elf_.tls_bytes();
  }

  /// Versions of symbols that it wants of other libraries, by the number that symbols use for them.
  void read_versions() {
    if (!elf_.has(DT_VERNEED)) return;
    const std::uint64_t files = elf_.value(DT_VERNEEDNUM);
    std::uint64_t total = 0;
    std::uint64_t at = elf_.value(DT_VERNEED);
    for (std::uint64_t file = 0; file < files; ++file) {
      if (++total > kMaxVersions) corrupt_elf("claims more than ", kMaxVersions, " versions");
      const auto need = elf_.at_address<Elf64_Verneed>(at, "the table of versions");
      const std::string library = name_at(need.vn_file);
      std::uint64_t each = at + need.vn_aux;
      for (std::uint64_t i = 0; i < need.vn_cnt; ++i) {
        if (++total > kMaxVersions) corrupt_elf("claims more than ", kMaxVersions, " versions");
        const auto version = elf_.at_address<Elf64_Vernaux>(each, "the table of versions");
        versions_[version.vna_other & 0x7FFFU] = {library, name_at(version.vna_name), {}};
        each += version.vna_next;
      }
      if (need.vn_next == 0) break;
      at += need.vn_next;
    }
  }

  void read_symbols() {
    const std::uint64_t count = symbol_count();
    if (count > kMaxSymbols) corrupt_elf("claims ", count, " symbols");
    const std::uint64_t base =
        elf_.offset_of(elf_.wanted(DT_SYMTAB), count * sizeof(Elf64_Sym), "the symbol table");
    const std::uint64_t numbers =
        elf_.has(DT_VERSYM)
            ? elf_.offset_of(elf_.value(DT_VERSYM), count * sizeof(Elf64_Half), "the versions of symbols")
            : 0;
    for (std::uint64_t i = 1; i < count; ++i) {  // 0 is reserved
      const auto symbol = elf_.at<Elf64_Sym>(base + i * sizeof(Elf64_Sym), "the symbol table");
      if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
      std::string name = name_at(symbol.st_name);
      if (symbol.st_shndx != SHN_UNDEF) {
        define(std::move(name), symbol.st_info);
        continue;
      }
      if (numbers != 0) name_user(elf_.at<Elf64_Half>(numbers + i * sizeof(Elf64_Half), "a version"), name);
      facts_.imported.push_back(std::move(name));
    }
  }

  void define(std::string name, unsigned char info) {
    facts_.defined.push_back(
        {std::move(name), ELF64_ST_TYPE(info) == STT_FUNC, ELF64_ST_BIND(info) == STB_GNU_UNIQUE});
  }

  /// The first symbol that wants a version stands for it in messages.
  void name_user(Elf64_Half number, const std::string& symbol) {
    const auto version = versions_.find(number & 0x7FFFU);
    if (version != versions_.end() && version->second.symbol.empty()) version->second.symbol = symbol;
  }

  /// The dynamic symbol table has no length of its own; the hash tables know it.
  std::uint64_t symbol_count() const {
    if (elf_.has(DT_HASH)) {
      const std::uint64_t table = elf_.offset_of(elf_.value(DT_HASH), 8, "the hash table");
      const auto buckets = elf_.at<std::uint32_t>(table, "the hash table");
      const auto chains = elf_.at<std::uint32_t>(table + 4, "the hash table");
      elf_.offset_of(elf_.value(DT_HASH), 8 + 4 * (std::uint64_t{buckets} + chains), "the hash table");
      return chains;
    }
    if (elf_.has(DT_GNU_HASH)) return gnu_symbol_count();
    corrupt_elf("no hash table of symbols");
  }

  std::uint64_t gnu_symbol_count() const {
    const std::uint64_t address = elf_.value(DT_GNU_HASH);
    const std::uint64_t table = elf_.offset_of(address, 16, "the GNU hash table");
    const std::uint64_t buckets = elf_.at<std::uint32_t>(table, "the GNU hash table");
    const std::uint64_t first = elf_.at<std::uint32_t>(table + 4, "the GNU hash table");
    const std::uint64_t bloom = elf_.at<std::uint32_t>(table + 8, "the GNU hash table");
    const std::uint64_t bucket_base = 16 + 8 * bloom;
    const std::uint64_t chain_base = bucket_base + 4 * buckets;
    elf_.offset_of(address, chain_base, "the GNU hash table");
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < buckets; ++i) {
      last = std::max<std::uint64_t>(
          last, elf_.at<std::uint32_t>(table + bucket_base + 4 * i, "the GNU hash table"));
    }
    if (last < first) return first;  // nothing is exported
    while (true) {
      const std::uint64_t chain = chain_base + 4 * (last - first);
      elf_.offset_of(address, chain + 4, "the GNU hash table");
      ++last;
      if ((elf_.at<std::uint32_t>(table + chain, "the GNU hash table") & 1U) != 0) return last;
    }
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
