#include "core/plugin/elf_rules.hpp"

namespace lateral::plugin {
namespace {

/// The unwinder of every exception in the process reads the headers where PT_PHDR says they are.
void require_headers(const ElfImage& elf, const Elf64_Phdr& segment) {
  const auto& header = elf.header();
  const auto at =
      elf.offset_of(segment.p_vaddr, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), "PT_PHDR");
  if (at != header.e_phoff) corrupt_elf("PT_PHDR is not where the program headers are");
}

/// Made read-only after relocation, in whole pages: LLD ends it with the page, behind what the file has for that page.
void require_relro(const ElfImage& elf, const Elf64_Phdr& segment) {
  constexpr std::uint64_t kPage = 4096;
  for (const auto& loaded : elf.segments()) {
    if (loaded.p_type != PT_LOAD || segment.p_vaddr < loaded.p_vaddr) continue;
    const std::uint64_t end = loaded.p_vaddr + loaded.p_memsz;  // within the file's bounds, as all of them
    const std::uint64_t end_of_page = end + (kPage - end % kPage) % kPage;
    if (segment.p_vaddr <= end_of_page && segment.p_memsz <= end_of_page - segment.p_vaddr) return;
  }
  corrupt_elf("PT_GNU_RELRO outside the loadable segments");
}

void require_segment(const ElfImage& elf, const Elf64_Phdr& segment) {
  switch (segment.p_type) {
    case PT_PHDR:
      return require_headers(elf, segment);
    case PT_TLS:  // zeros behind the file's part take no place
      if (segment.p_filesz > segment.p_memsz)
        corrupt_elf("thread-local storage larger in the file than in memory");
      if (segment.p_filesz > 0) elf.offset_of(segment.p_vaddr, segment.p_filesz, "thread-local storage");
      return;
    case PT_GNU_RELRO:
      return require_relro(elf, segment);
    case PT_GNU_EH_FRAME:
    case PT_GNU_PROPERTY:
    case PT_NOTE:
      if (!elf.maps(segment.p_vaddr, segment.p_memsz, 0))
        corrupt_elf("a segment of type ", segment.p_type, " outside the loadable segments");
      return;
    default:
      return;
  }
}

/// The loader asserts these.
void require_sizes(const ElfImage& elf) {
  constexpr std::pair<std::int64_t, std::uint64_t> kFixed[] = {{DT_RELAENT, sizeof(Elf64_Rela)},
                                                               {DT_RELRENT, sizeof(Elf64_Relr)},
                                                               {DT_SYMENT, sizeof(Elf64_Sym)},
                                                               {DT_PLTREL, DT_RELA}};
  for (const auto& [tag, size] : kFixed) {
    if (elf.has(tag) && elf.value(tag) != size)
      corrupt_elf("tag ", tag, " of the dynamic section is ", elf.value(tag), ", not ", size);
  }
}

/// Tags that the loader uses together without asking for each.
void require_companions(const ElfImage& elf) {
  constexpr std::pair<std::int64_t, std::int64_t> kTogether[] = {{DT_RELA, DT_RELASZ},
                                                                 {DT_RELA, DT_RELAENT},
                                                                 {DT_RELR, DT_RELRSZ},
                                                                 {DT_RELR, DT_RELRENT},
                                                                 {DT_PLTREL, DT_JMPREL},
                                                                 {DT_PLTREL, DT_PLTRELSZ},
                                                                 {DT_JMPREL, DT_PLTREL},
                                                                 {DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
                                                                 {DT_FINI_ARRAY, DT_FINI_ARRAYSZ},
                                                                 {DT_VERNEED, DT_VERSYM},
                                                                 {DT_VERDEF, DT_VERSYM}};
  for (const auto& [one, other] : kTogether) {
    if (elf.has(one)) elf.wanted(other);
  }
}

void require_code(const ElfImage& elf) {
  for (const auto tag : {DT_INIT, DT_FINI}) {
    if (elf.has(tag) && !elf.maps(elf.value(tag), 1, PF_X))
      corrupt_elf("a function of the dynamic section lies outside the code");
  }
}

}  // namespace

void require_rules(const ElfImage& elf) {
  for (const auto& segment : elf.segments()) require_segment(elf, segment);
  require_sizes(elf);
  require_companions(elf);
  require_code(elf);
}

}  // namespace lateral::plugin
