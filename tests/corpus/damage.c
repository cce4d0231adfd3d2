/* damage KIND IN OUT: writes OUT as a damaged copy of the shared library IN. */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char* bytes;
static size_t size;

static Elf64_Phdr* segment(uint32_t type, int which) {
  const Elf64_Ehdr* const header = (const Elf64_Ehdr*)bytes;
  Elf64_Phdr* const all = (Elf64_Phdr*)(bytes + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (all[i].p_type == type && which-- == 0) return &all[i];
  }
  fprintf(stderr, "damage: no such segment\n");
  exit(1);
}

/* What lies at an address once the library is mapped. */
static void* at(uint64_t address) {
  const Elf64_Ehdr* const header = (const Elf64_Ehdr*)bytes;
  const Elf64_Phdr* const all = (const Elf64_Phdr*)(bytes + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (all[i].p_type == PT_LOAD && address >= all[i].p_vaddr && address - all[i].p_vaddr < all[i].p_filesz)
      return bytes + all[i].p_offset + (address - all[i].p_vaddr);
  }
  fprintf(stderr, "damage: no such address\n");
  exit(1);
}

static Elf64_Dyn* tag(int64_t wanted) {
  for (Elf64_Dyn* entry = at(segment(PT_DYNAMIC, 0)->p_vaddr); entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == wanted) return entry;
  }
  fprintf(stderr, "damage: no such tag\n");
  exit(1);
}

static void* table(int64_t wanted) {
  return at(tag(wanted)->d_un.d_ptr);
}

static const uint64_t far_away = (uint64_t)1 << 40;

/* What the loader relies on without looking. */
static void damage_relocations(const char* kind) {
  Elf64_Rela* const first = table(DT_RELA);
  Elf64_Rela* const later = first + tag(DT_RELACOUNT)->d_un.d_val; /* those before it only add the address */
  if (strcmp(kind, "relocation_outside") == 0) first->r_offset = far_away;
  if (strcmp(kind, "relocation_of_code") == 0) first->r_offset = segment(PT_LOAD, 1)->p_vaddr;
  if (strcmp(kind, "relocation_symbol") == 0) later->r_info = ELF64_R_INFO(9999, ELF64_R_TYPE(later->r_info));
  if (strcmp(kind, "relocation_copy") == 0) later->r_info = ELF64_R_INFO(1, R_X86_64_COPY);
  if (strcmp(kind, "relocation_count") == 0) tag(DT_RELACOUNT)->d_un.d_val = 1000;
  if (strcmp(kind, "resolver_outside") == 0) {
    later->r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE);
    later->r_addend = (int64_t)far_away;
  }
}

static void damage_dynamic(const char* kind) {
  if (strcmp(kind, "needed_outside") == 0) tag(DT_NEEDED)->d_un.d_val = far_away;
  if (strcmp(kind, "own_name_outside") == 0) *tag(DT_RELACOUNT) = (Elf64_Dyn){DT_SONAME, {far_away}};
  if (strcmp(kind, "constructors_outside") == 0) tag(DT_INIT_ARRAYSZ)->d_un.d_val = far_away;
  if (strcmp(kind, "constructors_unsized") == 0) tag(DT_INIT_ARRAYSZ)->d_tag = DT_DEBUG;
  if (strcmp(kind, "init_in_data") == 0) tag(DT_INIT)->d_un.d_ptr = segment(PT_LOAD, 3)->p_vaddr;
  if (strcmp(kind, "fini_outside") == 0) tag(DT_FINI)->d_un.d_ptr = far_away;
  if (strcmp(kind, "relocation_size") == 0) tag(DT_RELAENT)->d_un.d_val = 7;
  if (strcmp(kind, "relocation_kind") == 0) tag(DT_PLTREL)->d_un.d_val = DT_REL;
  if (strcmp(kind, "needed_path") == 0) {
    char* const name = (char*)table(DT_STRTAB) + tag(DT_NEEDED)->d_un.d_val;
    memcpy(name, "./b", 3);
  }
}

static void damage_symbols(const char* kind) {
  uint32_t* const hash =
      table(DT_GNU_HASH); /* buckets, first symbol, filter words, shift, filter, buckets, chains */
  Elf64_Half* const versions = table(DT_VERSYM);
  Elf64_Sym* const entry = (Elf64_Sym*)table(DT_SYMTAB) + hash[1];
  if (strcmp(kind, "hash_before_first") == 0) hash[4 + 2 * hash[2]] = 1;
  if (strcmp(kind, "hash_beyond") == 0) hash[4 + 2 * hash[2]] = 1u << 30u;
  if (strcmp(kind, "hash_filter") == 0) hash[2] = 0;
  if (strcmp(kind, "hash_loop") == 0) {
    const uint32_t loop[] = {1, 2, 1, 0, 1}; /* one bucket, two symbols; the second one follows itself */
    memcpy(hash, loop, sizeof loop);
    tag(DT_GNU_HASH)->d_tag = DT_HASH;
  }
  if (strcmp(kind, "version_unknown") == 0) versions[1] = 99;
  if (strcmp(kind, "version_of_nobody") == 0) ((Elf64_Verneed*)table(DT_VERNEED))->vn_file = entry->st_name;
  if (strcmp(kind, "versions_unnumbered") == 0) tag(DT_VERSYM)->d_tag = DT_DEBUG;
  if (strcmp(kind, "entry_outside") == 0) entry->st_value = far_away;
  if (strcmp(kind, "entry_absolute") == 0) entry->st_shndx = SHN_ABS;
}

static void damage_segments(const char* kind) {
  Elf64_Phdr* const spare = segment(PT_GNU_EH_FRAME, 0);
  if (strcmp(kind, "relro_outside") == 0) segment(PT_GNU_RELRO, 0)->p_vaddr = far_away;
  if (strcmp(kind, "note_outside") == 0) segment(PT_NOTE, 0)->p_vaddr = far_away;
  if (strcmp(kind, "writable_code") == 0) segment(PT_LOAD, 1)->p_flags |= PF_W;
  if (strcmp(kind, "headers_elsewhere") == 0) spare->p_type = PT_PHDR;
  if (strcmp(kind, "tls_outside") == 0) spare->p_type = PT_TLS, spare->p_vaddr = far_away;
}

static void damage_file(const char* kind) {
  Elf64_Ehdr* const header = (Elf64_Ehdr*)bytes;
  if (strcmp(kind, "empty") == 0) size = 0;
  if (strcmp(kind, "text") == 0) memcpy(bytes, "#!/b", 4);
  if (strcmp(kind, "twenty_bytes") == 0) size = 20;
  if (strncmp(kind, "truncated_", 10) == 0) size = size * (size_t)atoi(kind + 10) / 8;
  if (strcmp(kind, "last_byte_missing") == 0) size -= 1;
  if (strcmp(kind, "sections_beyond") == 0) header->e_shoff = (uint64_t)1 << 40;
  if (strcmp(kind, "segment_beyond") == 0) segment(PT_LOAD, 1)->p_filesz += size;
  if (strcmp(kind, "elf32") == 0) bytes[EI_CLASS] = ELFCLASS32;
  if (strcmp(kind, "big_endian") == 0) bytes[EI_DATA] = ELFDATA2MSB;
  if (strcmp(kind, "other_machine") == 0) header->e_machine = EM_RISCV;
  if (strcmp(kind, "object_file") == 0) header->e_type = ET_REL;
  if (strcmp(kind, "many_segments") == 0) header->e_phnum = 60000;
  if (strcmp(kind, "no_dynamic") == 0) segment(PT_DYNAMIC, 0)->p_type = PT_NULL;
  if (strcmp(kind, "overlap") == 0) segment(PT_LOAD, 1)->p_vaddr = segment(PT_LOAD, 0)->p_vaddr;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  FILE* const in = fopen(argv[2], "rb");
  FILE* const out = fopen(argv[3], "wb");
  if (in == NULL || out == NULL) return 1;
  fseek(in, 0, SEEK_END);
  size = (size_t)ftell(in);
  rewind(in);
  bytes = malloc(size);
  if (bytes == NULL || fread(bytes, 1, size, in) != size) return 1;
  damage_relocations(argv[1]);
  damage_dynamic(argv[1]);
  damage_symbols(argv[1]);
  damage_segments(argv[1]);
  damage_file(argv[1]);
  if (fwrite(bytes, 1, size, out) != size) return 1;
  fclose(in);
  return fclose(out) == 0 ? 0 : 1;
}
