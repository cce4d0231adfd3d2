#pragma once
// The metadata of a GGUF file, as far as the recorded vocabularies need it: lists of texts and numbers by key.
// Only for data we know; it checks nothing but the end of the file.

#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::test {

class Gguf {
 public:
  explicit Gguf(std::string bytes) : bytes_(std::move(bytes)), rest_(bytes_) {
    take(8);  // "GGUF" and a version
    read<std::uint64_t>();
    for (auto count = read<std::uint64_t>(); count > 0; --count) {
      const auto key = read_text();
      read_value(key, read<std::uint32_t>());
    }
  }

  const std::vector<std::string>& texts(const std::string& key) const { return texts_.at(key); }
  const std::vector<double>& numbers(const std::string& key) const { return numbers_.at(key); }

 private:
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) throw std::runtime_error("the GGUF file is too short");
    const auto part = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return part;
  }
  template <typename T>
  T read() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string read_text() { return std::string(take(read<std::uint64_t>())); }

  void read_value(const std::string& key, std::uint32_t type) {
    if (type == 8) {
      texts_[key].push_back(read_text());
    } else if (type == 9) {
      const auto item = read<std::uint32_t>();
      for (auto count = read<std::uint64_t>(); count > 0; --count) read_value(key, item);
    } else {
      numbers_[key].push_back(read_number(type));
    }
  }

  double read_number(std::uint32_t type) {
    switch (type) {
      case 0:
      case 1:
      case 7:
        return read<std::uint8_t>();
      case 4:
        return read<std::uint32_t>();
      case 5:
        return read<std::int32_t>();
      case 6:
        return read<float>();
      default:
        throw std::runtime_error("a type of GGUF that the vocabularies do not have");
    }
  }

  std::string bytes_;
  std::string_view rest_;
  std::map<std::string, std::vector<std::string>> texts_;
  std::map<std::string, std::vector<double>> numbers_;
};

}  // namespace lateral::test
