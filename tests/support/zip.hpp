#pragma once
// Zip archives made for tests: files stored as they are, all in one folder, as PyTorch writes them.

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace lateral::test {

struct ZipFile {
  std::string name;  ///< below the folder
  std::string bytes;
  std::uint16_t method = 0;  ///< of compression, as the list of contents says it
};

/// Bit by bit, unlike the reader's.
inline std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t sum = ~0U;
  for (const char byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? (sum >> 1U) ^ 0xEDB88320U : sum >> 1U;
  }
  return ~sum;
}

inline std::string zip_of(const std::vector<ZipFile>& files) {
  std::string archive, list;
  const auto put = [](std::string& text, auto value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const auto& file : files) {
    const std::string name = "archive/" + file.name;
    const auto at = static_cast<std::uint32_t>(archive.size());
    const auto size = static_cast<std::uint32_t>(file.bytes.size());
    std::string common;  // what both headers say, from the flags to the length of extra fields
    put(common, std::uint16_t{0});
    put(common, file.method);
    put(common, std::uint32_t{0});  // when
    put(common, crc32(file.bytes));
    put(common, size);
    put(common, size);
    put(common, static_cast<std::uint16_t>(name.size()));
    put(common, std::uint16_t{0});
    archive += "PK\3\4" + std::string("\x14\0", 2) + common + name + file.bytes;
    list += "PK\1\2" + std::string("\x14\0\x14\0", 4) + common + std::string(10, '\0');
    put(list, at);
    list += name;
  }
  std::string end = "PK\5\6" + std::string(4, '\0');
  put(end, static_cast<std::uint16_t>(files.size()));
  put(end, static_cast<std::uint16_t>(files.size()));
  put(end, static_cast<std::uint32_t>(list.size()));
  put(end, static_cast<std::uint32_t>(archive.size()));
  return archive + list + end + std::string(2, '\0');
}

}  // namespace lateral::test
