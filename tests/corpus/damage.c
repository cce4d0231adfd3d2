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

static void apply(const char* kind) {
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
  apply(argv[1]);
  if (fwrite(bytes, 1, size, out) != size) return 1;
  fclose(in);
  return fclose(out) == 0 ? 0 : 1;
}
