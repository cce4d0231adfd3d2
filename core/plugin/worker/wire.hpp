#pragma once
// Values in a message between host and worker: native byte order, because both ends are one machine.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lateral::plugin::worker {

class Writer {
 public:
  template <typename T>
  Writer& number(T value) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    append(&value, sizeof value);
    return *this;
  }
  Writer& flag(bool value) { return number<std::uint8_t>(value ? 1 : 0); }
  Writer& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    append(value.data(), value.size());
    return *this;
  }
  template <typename T>
  Writer& numbers(const std::vector<T>& values) {
    number(static_cast<std::uint32_t>(values.size()));
    append(values.data(), values.size() * sizeof(T));
    return *this;
  }
  Writer& texts(const std::vector<std::string>& values) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) text(value);
    return *this;
  }

  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  void append(const void* data, std::size_t size);
  std::vector<std::byte> bytes_;
};

/// Reads what a Writer wrote and trusts nothing of it: every size and count is checked against what is there
/// before anything is allocated. Every member throws PluginFault. It reads a copy made first, because whoever
/// wrote the message may go on writing.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> shared) : bytes_(shared.begin(), shared.end()) {}

  template <typename T>
  T number() {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  bool flag();
  std::string text();
  /// How many items follow that have at least `item_bytes` each.
  std::size_t count(std::size_t item_bytes);
  template <typename T>
  std::vector<T> numbers() {
    std::vector<T> values(count(sizeof(T)));
    if (!values.empty())
      std::memcpy(values.data(), take(values.size() * sizeof(T)), values.size() * sizeof(T));
    return values;
  }
  std::vector<std::string> texts();
  /// The message ends here.
  void finish() const;

 private:
  const std::byte* take(std::size_t bytes);

  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace lateral::plugin::worker
