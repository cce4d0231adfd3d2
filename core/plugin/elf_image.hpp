#pragma once
// Bounded access to an ELF shared object for this machine: nothing is read before its place was checked against
// the file, and every address against the segments that the loader would map.

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace lateral::plugin {

/// Throws Corrupt.
template <typename... Parts>
[[noreturn]] void corrupt_elf(const Parts&... parts) {
  fail(Errc::Corrupt, "elf", parts...);
}

/// Lives no longer than the bytes it reads.
class ElfImage {
 public:
  /// Checks the header, the segments, the section table and the dynamic section.
  /// Throws Corrupt, or Unsupported (another machine, a program instead of a library).
  explicit ElfImage(std::span<const std::byte> image);

  /// What stands at a place of the file. `what` is for messages. Throws Corrupt where it lies outside.
  template <typename T>
  T at(std::uint64_t offset, const char* what) const {
    need(offset, sizeof(T), what);
    T value;
    std::memcpy(&value, image_.data() + offset, sizeof(T));
    return value;
  }
  /// What stands at a virtual address.
  template <typename T>
  T at_address(std::uint64_t address, const char* what) const {
    return at<T>(offset_of(address, sizeof(T), what), what);
  }
  /// The place in the file of `size` bytes at a virtual address. Throws Corrupt unless one segment's part of the
  /// file holds all of them.
  std::uint64_t offset_of(std::uint64_t address, std::uint64_t size, const char* what) const;
  /// Whether one loadable segment, with these PF_... among its flags, holds all of it once it is mapped.
  bool maps(std::uint64_t address, std::uint64_t size, std::uint32_t flags) const;
  /// Up to `size` bytes from there on, fewer at the end of the segment.
  std::span<const std::byte> bytes_at(std::uint64_t address, std::uint64_t size, const char* what) const;

  /// Values of the dynamic section; 0 = absent. wanted() throws Corrupt instead.
  bool has(std::int64_t tag) const { return entries_.contains(tag); }
  std::uint64_t value(std::int64_t tag) const { return has(tag) ? entries_.at(tag) : 0; }
  std::uint64_t wanted(std::int64_t tag) const;
  /// Of the dynamic string table.
  std::string string(std::uint64_t index) const;

  /// Indices of the names of all libraries that it makes the loader load: DT_NEEDED, DT_FILTER, DT_AUXILIARY.
  const std::vector<std::uint64_t>& needed() const noexcept { return needed_; }
  const Elf64_Ehdr& header() const noexcept { return header_; }
  /// Those that mean something to the loader, in their order.
  const std::vector<Elf64_Phdr>& segments() const noexcept { return segments_; }
  bool executable_stack() const noexcept { return executable_stack_; }
  bool writable_code() const noexcept { return writable_code_; }
  std::uint64_t tls_bytes() const noexcept { return tls_bytes_; }

 private:
  void need(std::uint64_t offset, std::uint64_t size, const char* what) const;
  void read_header();
  void read_segments();
  void add_load(const Elf64_Phdr& segment);
  void read_section_table() const;
  void read_dynamic();
  void check_tables() const;

  std::span<const std::byte> image_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Phdr> loads_;  ///< by address, none over another
  std::optional<Elf64_Phdr> dynamic_;
  std::map<std::int64_t, std::uint64_t> entries_;
  std::vector<std::uint64_t> needed_;
  std::uint64_t strings_ = 0;
  std::uint64_t tls_bytes_ = 0;
  bool executable_stack_ = false;
  bool writable_code_ = false;
};

}  // namespace lateral::plugin
