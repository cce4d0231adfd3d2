#include "core/plugin/elf_reader.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/plugin/elf_image.hpp"
#include "core/plugin/elf_relocations.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::read_elf;
using test::failure_of;
using test::fixture;

namespace {

std::vector<std::byte> good() {
  return read_bytes(fixture("none"), 1U << 24U);
}

template <typename T>
void put(std::vector<std::byte>& image, std::size_t offset, T value) {
  std::memcpy(image.data() + offset, &value, sizeof value);
}

template <typename T>
T get(const std::vector<std::byte>& image, std::size_t offset) {
  T value;
  std::memcpy(&value, image.data() + offset, sizeof value);
  return value;
}

/// A good library with another dynamic section: `dynamic`, these names, and so many imports of the first of them.
std::vector<std::byte> with_dynamic(std::vector<Elf64_Dyn> dynamic, const std::string& names,
                                    std::uint32_t symbols) {
  auto image = good();
  image.resize((image.size() + 7) / 8 * 8);
  const auto append = [&](const void* data, std::size_t size) {
    const std::size_t at = image.size();
    image.resize((at + size + 7) / 8 * 8);
    std::copy_n(static_cast<const std::byte*>(data), size, image.data() + at);  // also nothing from null
    return static_cast<Elf64_Xword>(at);
  };
  const std::uint32_t hash[] = {0, symbols};
  const std::vector<Elf64_Sym> table(symbols,
                                     Elf64_Sym{1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, SHN_UNDEF, 0, 0});
  const auto names_at = append(names.c_str(), names.size() + 1);
  const auto table_at = append(table.data(), symbols * sizeof(Elf64_Sym));
  const auto chains = std::vector<std::uint32_t>(symbols);
  const auto hash_at = append(hash, sizeof hash);
  append(chains.data(), symbols * sizeof(std::uint32_t));
  for (const Elf64_Dyn& entry :
       {Elf64_Dyn{DT_STRTAB, {names_at}}, Elf64_Dyn{DT_STRSZ, {names.size() + 1}},
        Elf64_Dyn{DT_SYMTAB, {table_at}}, Elf64_Dyn{DT_HASH, {hash_at}}, Elf64_Dyn{}}) {
    dynamic.push_back(entry);
  }
  const auto dynamic_at = append(dynamic.data(), dynamic.size() * sizeof(Elf64_Dyn));
  const auto header = get<Elf64_Ehdr>(image, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    auto segment = get<Elf64_Phdr>(image, at);
    if (segment.p_type == PT_LOAD && segment.p_offset == 0) {
      segment.p_filesz = segment.p_memsz = image.size();  // one segment for everything
    } else if (segment.p_type == PT_DYNAMIC) {
      segment.p_offset = segment.p_vaddr = dynamic_at;
      segment.p_filesz = segment.p_memsz = dynamic.size() * sizeof(Elf64_Dyn);
    } else if (segment.p_type == PT_LOAD) {
      segment.p_type = PT_NULL;
    }
    put(image, at, segment);
  }
  return image;
}

/// Where the entry of the dynamic section with this tag lies in the file.
std::size_t place_of_tag(const std::vector<std::byte>& image, std::int64_t tag) {
  const auto header = get<Elf64_Ehdr>(image, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = get<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_DYNAMIC) continue;
    for (std::size_t at = segment.p_offset;; at += sizeof(Elf64_Dyn)) {
      if (get<Elf64_Dyn>(image, at).d_tag == tag) return at;
    }
  }
  throw std::runtime_error("no dynamic section");
}

/// The first relocation that does more than add the address of the library. Its table lies where its address says.
std::size_t place_of_relocation(const std::vector<std::byte>& image) {
  const auto value = [&](std::int64_t tag) {
    return get<Elf64_Dyn>(image, place_of_tag(image, tag)).d_un.d_val;
  };
  return value(DT_RELA) + value(DT_RELACOUNT) * sizeof(Elf64_Rela);
}

}  // namespace

TEST_CASE("what is not an ELF file is said to be none") {
  CHECK(failure_of([] { read_elf({}); }).second.find("not an ELF file") != std::string::npos);
  const std::vector<std::byte> text(1000, std::byte{'a'});
  CHECK(failure_of([&] { read_elf(text); }).first == Errc::Corrupt);
}

TEST_CASE("a library truncated anywhere is corrupt, and never read beyond its end") {
  const auto image = good();
  for (std::size_t size = 0; size < image.size(); size += size < 4096 ? 1 : 97) {
    // A copy of exactly this size, so that a sanitizer sees every read too far.
    const std::vector<std::byte> part(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE(failure_of([&] { read_elf(part); }).first == Errc::Corrupt);
  }
  CHECK_NOTHROW(read_elf(image));
}

TEST_CASE("a damaged library gives facts or an error, never a crash") {
  const auto image = good();
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    auto damaged = image;
    const auto hits = 1 + random.below(4);
    for (std::uint32_t hit = 0; hit < hits; ++hit) {
      // Mostly in the headers and the dynamic part, where the pointers are.
      const auto range = static_cast<std::uint32_t>(random.chance(0.5F) ? 1024 : image.size());
      damaged[random.below(range)] = static_cast<std::byte>(random.next());
    }
    try {
      read_elf(damaged);
    } catch (const Error&) {
    }
  }
}

TEST_CASE("another machine, word size or kind of file is named") {
  auto image = good();
  put(image, offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_RISCV});
  CHECK(failure_of([&] { read_elf(image); }).second.find("built for RISC-V") != std::string::npos);

  image = good();
  image[EI_CLASS] = std::byte{ELFCLASS32};
  CHECK(failure_of([&] { read_elf(image); }).second.find("32-bit") != std::string::npos);

  image = good();
  image[EI_DATA] = std::byte{ELFDATA2MSB};
  CHECK(failure_of([&] { read_elf(image); }).second.find("big-endian") != std::string::npos);

  image = read_bytes("/proc/self/exe", 1U << 30U);
  CHECK(failure_of([&] { read_elf(image); }).second.find("a program") != std::string::npos);
}

TEST_CASE("sizes that only lie are not believed") {
  auto image = good();
  put(image, offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{1} << 40U);
  CHECK(failure_of([&] { read_elf(image); }).second.find("section table") != std::string::npos);

  image = good();
  put(image, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{60'000});
  CHECK(failure_of([&] { read_elf(image); }).first == Errc::Corrupt);
}

TEST_CASE("the facts of a good plugin: one symbol, its note, nothing that pins it") {
  const auto facts = read_elf(good());
  REQUIRE(facts.defined.size() == 1);
  CHECK(facts.defined[0].name == LAT_ENTRY_NAME);
  CHECK(facts.defined[0].function);
  CHECK_FALSE(facts.defined[0].unique);
  REQUIRE(facts.note);
  CHECK(std::string(facts.note->id) == "structural");
  CHECK(facts.imports("__cxa_finalize"));
  CHECK_FALSE(facts.no_delete);
  CHECK_FALSE(facts.executable_stack);
}

TEST_CASE("what pins a library is seen without running it") {
  const auto unique = read_elf(read_bytes(fixture("unique"), 1U << 24U));
  CHECK(std::any_of(unique.defined.begin(), unique.defined.end(),
                    [](const auto& symbol) { return symbol.unique; }));
  CHECK(read_elf(read_bytes(fixture("nodelete"), 1U << 24U)).no_delete);
}

TEST_CASE("a constructor that changes the floating-point mode is seen without running it") {
  CHECK(read_elf(read_bytes(fixture("float_mode"), 1U << 24U)).sets_float_mode);
  for (const char* const name : {"none", "counter", "faulty", "leaves_mark", "unique"}) {
    INFO(name);
    CHECK_FALSE(read_elf(read_bytes(fixture(name), 1U << 24U)).sets_float_mode);
  }
}

TEST_CASE("the versions of glibc's symbols are read, with a symbol that wants each") {
  const auto facts = read_elf(read_bytes(fixture("leaves_mark"), 1U << 24U));
  const auto named = std::find_if(facts.versions.begin(), facts.versions.end(),
                                  [](const auto& version) { return version.library == "libc.so.6"; });
  REQUIRE(named != facts.versions.end());
  CHECK(named->name.starts_with("GLIBC_2."));
  CHECK(facts.imports(named->symbol));
}

TEST_CASE("a library that needs thousands of others is refused") {
  const std::string names("\0x", 3);
  std::vector<Elf64_Dyn> dynamic(1000, Elf64_Dyn{DT_NEEDED, {1}});
  const auto image = with_dynamic(std::move(dynamic), names, 0);
  CHECK(failure_of([&] { read_elf(image); }).second.find("more than 256 libraries") != std::string::npos);
}

TEST_CASE("a thousand symbols that share one long name are refused: a small file must not fill the memory") {
  const auto image = with_dynamic({}, std::string(1, '\0') + std::string(100'000, 'a'), 1000);
  CHECK(failure_of([&] { read_elf(image); }).second.find("in a string table of 100002") != std::string::npos);
  CHECK(read_elf(with_dynamic({}, std::string("\0abc", 5), 1000)).imported.size() == 999);
}

#if defined(__x86_64__)
TEST_CASE(
    "static thread-local storage and text relocations are seen in what they do, whatever the flags say") {
  auto image = good();
  REQUIRE_FALSE(read_elf(image).static_tls);
  REQUIRE_FALSE(read_elf(image).text_relocations);
  const auto at = place_of_relocation(image);
  auto entry = get<Elf64_Rela>(image, at);
  const auto symbol = ELF64_R_SYM(entry.r_info);
  entry.r_info = ELF64_R_INFO(symbol, R_X86_64_TPOFF64);
  put(image, at, entry);
  CHECK(read_elf(image).static_tls);

  entry.r_info = ELF64_R_INFO(symbol, R_X86_64_64);
  entry.r_offset = get<Elf64_Dyn>(image, place_of_tag(image, DT_INIT)).d_un.d_ptr;
  put(image, at, entry);
  CHECK(read_elf(image).text_relocations);
}
#endif

TEST_CASE("symbols are counted by the table that the loader would search") {
  const auto before = read_elf(good());
  auto image = good();
  // A second table, of no symbols, in the bytes of the build id.
  const auto header = get<Elf64_Ehdr>(image, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = get<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_NOTE) continue;
    put(image, segment.p_offset + 16, std::uint64_t{0});
    put(image, place_of_tag(image, DT_RELACOUNT), Elf64_Dyn{DT_HASH, {segment.p_vaddr + 16}});
  }
  const auto after = read_elf(image);
  REQUIRE(after.defined.size() == 1);
  CHECK(after.defined[0].name == before.defined[0].name);
  CHECK(after.imported == before.imported);
}

namespace {

/// Where the program header of the `number`-th segment of this type lies.
std::size_t place_of_segment(const std::vector<std::byte>& image, std::uint32_t type, int number = 0) {
  const auto header = get<Elf64_Ehdr>(image, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (get<Elf64_Phdr>(image, at).p_type == type && number-- == 0) return at;
  }
  throw std::runtime_error("no such segment");
}

template <typename Change>
std::string refusal_of_segment(std::uint32_t type, int number, Change&& change) {
  auto image = good();
  const auto at = place_of_segment(image, type, number);
  auto segment = get<Elf64_Phdr>(image, at);
  change(segment);
  put(image, at, segment);
  const auto failure = failure_of([&] { read_elf(image); });
  CHECK((failure.first == Errc::Corrupt || failure.first == Errc::Unsupported));
  return failure.second;
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

/// The place and the end of the library's own note.
std::pair<std::size_t, std::size_t> place_of_note(const std::vector<std::byte>& image) {
  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  const std::size_t name = text.find(std::string_view("LATERAL\0", 8));
  return {name - sizeof(Elf64_Nhdr), name + 8};
}

}  // namespace

TEST_CASE("a segment that cannot be where it says is refused for that") {
  CHECK(says(refusal_of_segment(PT_LOAD, 0, [](auto& s) { s.p_filesz = s.p_memsz + 1; }),
             "larger in the file"));
  CHECK(says(refusal_of_segment(PT_LOAD, 3, [](auto& s) { s.p_vaddr = ~0ULL - 0xFFF + s.p_vaddr % 0x1000; }),
             "larger in the file"));
  CHECK(says(refusal_of_segment(PT_LOAD, 0, [](auto& s) { s.p_align = 3; }), "impossible alignment 3"));
  CHECK(says(refusal_of_segment(PT_LOAD, 1, [](auto& s) { s.p_vaddr += 8; }), "impossible alignment"));
  CHECK(says(refusal_of_segment(PT_LOAD, 1, [](auto& s) { s.p_vaddr -= 0x1000; }), "overlap"));
  CHECK(
      says(refusal_of_segment(PT_NOTE, 0, [](auto& s) { s.p_type = PT_INTERP; }), "asks for an interpreter"));
}

TEST_CASE("headers of another size, a dynamic section without end and the mark of a program are refused") {
  auto image = good();
  put(image, offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{64});
  CHECK(says(failure_of([&] { read_elf(image); }).second, "program header table of"));

  image = with_dynamic({Elf64_Dyn{DT_FLAGS_1, {DF_1_PIE}}}, std::string("\0x", 3), 0);
  CHECK(says(failure_of([&] { read_elf(image); }).second, "a program (PIE)"));

  image = with_dynamic({}, std::string("\0x", 3), 0);
  const auto at = place_of_segment(image, PT_DYNAMIC);
  auto segment = get<Elf64_Phdr>(image, at);
  segment.p_filesz -= sizeof(Elf64_Dyn);
  put(image, at, segment);
  CHECK(says(failure_of([&] { read_elf(image); }).second, "has no end"));
}

TEST_CASE("libraries that it filters are needed too, and flags mean what the loader takes them for") {
  const std::string names("\0one\0two", 9);
  CHECK(
      read_elf(with_dynamic({Elf64_Dyn{DT_FILTER, {1}}, Elf64_Dyn{DT_AUXILIARY, {5}}}, names, 1000)).needed ==
      std::vector<std::string>{"one", "two"});
  CHECK(read_elf(with_dynamic({Elf64_Dyn{DT_FLAGS, {DF_TEXTREL}}}, names, 1000)).text_relocations);
  CHECK(read_elf(with_dynamic({Elf64_Dyn{DT_TEXTREL, {0}}}, names, 1000)).text_relocations);
  CHECK(read_elf(with_dynamic({Elf64_Dyn{DT_FLAGS, {DF_STATIC_TLS}}}, names, 1000)).static_tls);
  const auto paths = with_dynamic({Elf64_Dyn{DT_RUNPATH, {5}}, Elf64_Dyn{DT_RPATH, {1}}}, names, 1000);
  CHECK(read_elf(paths).run_path == "two");
  auto unnamed = good();
  const auto at = place_of_segment(unnamed, PT_GNU_STACK);
  put(unnamed, at, std::uint32_t{PT_NULL});
  CHECK(read_elf(unnamed).executable_stack);
}

TEST_CASE("a lateral note that is small, without end or there twice is refused") {
  const auto [note, description] = place_of_note(good());
  auto image = good();
  put(image, note + offsetof(Elf64_Nhdr, n_descsz), std::uint32_t{8});
  CHECK(says(failure_of([&] { read_elf(image); }).second, "a lateral note of 8 bytes"));
  image = good();
  put(image, note + offsetof(Elf64_Nhdr, n_descsz), std::uint32_t{1 << 20});
  CHECK(says(failure_of([&] { read_elf(image); }).second, "a note longer than its segment"));
  image = good();
  put(image, note + offsetof(Elf64_Nhdr, n_namesz), std::uint32_t{1 << 20});
  CHECK(says(failure_of([&] { read_elf(image); }).second, "a note longer than its segment"));
  for (const auto& [field, size] :
       {std::pair{offsetof(lat_note_desc, id), sizeof lat_note_desc::id},
        std::pair{offsetof(lat_note_desc, version), sizeof lat_note_desc::version}}) {
    image = good();
    put(image, description + field + size - 1, 'x');
    CHECK(says(failure_of([&] { read_elf(image); }).second, "has no end"));
  }
  image = good();
  put(image, place_of_segment(image, PT_GNU_EH_FRAME),
      get<Elf64_Phdr>(image, place_of_segment(image, PT_NOTE)));
  CHECK(says(failure_of([&] { read_elf(image); }).second, "two lateral notes"));
}

TEST_CASE(
    "what is read-only after relocation may end with the last page of its segment, as LLD has it, and not "
    "later") {
  auto image = good();
  const auto header = get<Elf64_Ehdr>(image, 0);
  Elf64_Phdr relro{};
  std::size_t relro_at = 0;
  std::uint64_t end_of_page = 0;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    const auto segment = get<Elf64_Phdr>(image, at);
    if (segment.p_type == PT_LOAD) end_of_page = (segment.p_vaddr + segment.p_memsz + 4095) / 4096 * 4096;
    if (segment.p_type == PT_GNU_RELRO) relro = segment, relro_at = at;
  }
  REQUIRE(relro_at != 0);
  relro.p_memsz = end_of_page - relro.p_vaddr;
  put(image, relro_at, relro);
  CHECK(read_elf(image).note);
  ++relro.p_memsz;
  put(image, relro_at, relro);
  CHECK(failure_of([&] { read_elf(image); }).second.find("PT_GNU_RELRO") != std::string::npos);
}

TEST_CASE("packed relocations are followed word by word, and one outside the library or into code is seen") {
  // An address, and a bit map for the 63 words behind it.
  const auto with_packed = [](std::uint64_t first, std::uint64_t map) {
    std::string names("\0x", 3);
    names.resize(8);
    for (const std::uint64_t entry : {first, map})
      names.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    auto image = with_dynamic(
        {Elf64_Dyn{DT_RELR, {0}}, Elf64_Dyn{DT_RELRSZ, {16}}, Elf64_Dyn{DT_RELRENT, {sizeof(Elf64_Relr)}}},
        names, 1000);
    const auto table = get<Elf64_Dyn>(image, place_of_tag(image, DT_STRTAB)).d_un.d_ptr + 8;
    put(image, place_of_tag(image, DT_RELR), Elf64_Dyn{DT_RELR, {table}});
    return image;
  };
  const std::uint64_t end = with_packed(64, 1).size() / 8 * 8;
  CHECK_NOTHROW(read_elf(with_packed(64, 1)));  // nothing is exported here, so that nobody loads it
  const auto relocations = [&](std::uint64_t first, std::uint64_t map) {
    const auto image = with_packed(first, map);
    const plugin::ElfImage elf(image);
    return plugin::read_relocations(elf, 1000);
  };
  CHECK(relocations(64, 1).into_code);
  CHECK_NOTHROW(relocations(end - 16, 0b11));
  CHECK(says(failure_of([&] { relocations(end, 1); }).second, "outside the loadable segments"));
  CHECK(says(failure_of([&] { relocations(end - 16, 0b101); }).second, "outside the loadable segments"));
}
