#include "core/plugin/elf_reader.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "core/base/file.hpp"
#include "core/base/random.hpp"
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
