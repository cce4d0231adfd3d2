#include "core/plugin/constructor_scan.hpp"

#include <map>

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kLook = 96;  // bytes of each constructor; gcc's set_fast_math has 19
constexpr std::uint64_t kMaxConstructors = 1U << 16U;

#if defined(__x86_64__)
constexpr std::uint32_t kRelative = R_X86_64_RELATIVE;

/// ldmxcsr or vldmxcsr with a memory operand before the first return.
bool writes_control_register(std::span<const std::byte> code) {
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(code[i]); };
  for (std::size_t i = 0; i + 1 < code.size(); ++i) {
    if (byte(i) == 0xC3) return false;
    if (byte(i) != 0xAE || i == 0) continue;
    const bool plain = byte(i - 1) == 0x0F;
    const bool vex = i >= 2 && byte(i - 1) == 0xF8 && byte(i - 2) == 0xC5;
    const unsigned operand = byte(i + 1);
    if ((plain || vex) && (operand >> 3U & 7U) == 2 && operand >> 6U != 3) return true;
  }
  return false;
}
#else
constexpr std::uint32_t kRelative = R_AARCH64_RELATIVE;

/// msr fpcr, xN before the first return.
bool writes_control_register(std::span<const std::byte> code) {
  for (std::size_t i = 0; i + 4 <= code.size(); i += 4) {
    std::uint32_t instruction = 0;
    std::memcpy(&instruction, code.data() + i, sizeof instruction);
    if (instruction == 0xD65F03C0U) return false;
    if ((instruction & ~0x1FU) == 0xD51B4400U) return true;
  }
  return false;
}
#endif

/// Slots of the table of constructors and what the loader will put there: the addend of its relocation, and
/// where there is none the content of the file.
std::map<std::uint64_t, std::uint64_t> constructors(const ElfImage& elf) {
  const std::uint64_t begin = elf.value(DT_INIT_ARRAY);
  const std::uint64_t size = elf.has(DT_INIT_ARRAY) ? elf.value(DT_INIT_ARRAYSZ) : 0;
  if (size / sizeof(std::uint64_t) > kMaxConstructors) corrupt_elf("claims ", size / 8, " constructors");
  std::map<std::uint64_t, std::uint64_t> found;
  for (std::uint64_t at = 0; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    found[begin + at] = elf.at_address<std::uint64_t>(begin + at, "a constructor");
  }
  const std::uint64_t relocations = elf.has(DT_RELA) ? elf.value(DT_RELASZ) / sizeof(Elf64_Rela) : 0;
  for (std::uint64_t i = 0; i < relocations; ++i) {
    const auto entry =
        elf.at_address<Elf64_Rela>(elf.value(DT_RELA) + i * sizeof(Elf64_Rela), "a relocation");
    const auto slot = found.find(entry.r_offset);
    if (slot == found.end()) continue;
    const bool known = ELF64_R_TYPE(entry.r_info) == kRelative;
    slot->second = known ? static_cast<std::uint64_t>(entry.r_addend) : 0;
  }
  if (elf.has(DT_INIT)) found[0] = elf.value(DT_INIT);
  return found;
}

}  // namespace

bool constructors_set_float_mode(const ElfImage& elf) {
  for (const auto& [slot, address] : constructors(elf)) {
    if (address != 0 && writes_control_register(elf.bytes_at(address, kLook, "a constructor"))) return true;
  }
  return false;
}

}  // namespace lateral::plugin
