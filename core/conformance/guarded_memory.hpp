#pragma once
// Memory whose neighbours cannot be touched, and whose name is known when somebody does.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lateral::conformance {

/// Neither copied nor moved: the fault handler knows its address.
class GuardedMemory {
 public:
  /// Which end lies at the guard page. The ABI promises 256-byte alignment, so that at the right up to 255 bytes
  /// of slack remain; those are watched by a pattern instead.
  enum class Side { Left, Right };
  enum class Access { None, Read, Write };

  static constexpr std::size_t kTensorAlignment = 256;

  /// `name` appears in messages: "the output \"tokens\"". Throws ResourceExhausted.
  GuardedMemory(std::string name, std::size_t bytes, Side side, std::size_t alignment = kTensorAlignment);
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }

  void allow(Access access) noexcept;
  /// From now on it is called "`name`, WHEN".
  void rename(std::string name);
  /// False when the slack between data and guard page was written.
  bool slack_intact() const noexcept;
  const std::string& name() const noexcept { return name_; }

  /// Describes where `address` lies, into `text`; false when no guarded memory is near. Async-signal-safe.
  static bool describe(const void* address, char* text, std::size_t size) noexcept;

 private:
  std::byte* whole() const noexcept { return whole_; }

  std::string name_;
  std::size_t size_;
  std::size_t pages_bytes_;
  std::byte* whole_ = nullptr;  ///< guard, pages, guard
  std::byte* data_ = nullptr;
};

}  // namespace lateral::conformance
