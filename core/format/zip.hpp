#pragma once
// Zip archives as PyTorch writes them: one folder with files in it, each stored as it is. Compressed files are listed and
// not read. Archives come from strangers: sizes, names and checksums are looked at before anything is believed.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::format {

struct ZipEntry {
  std::string name;          ///< without the folder that everything is in
  std::uint64_t bytes = 0;   ///< unpacked
  std::uint64_t packed = 0;  ///< in the archive
  std::uint64_t header = 0;  ///< where its own header lies
  std::uint32_t checksum = 0;
  bool stored = true;  ///< as it is: neither compressed nor encrypted
};

/// True when the file begins as zip archives do. Throws NotFound, Io.
bool is_zip(const std::filesystem::path& path);

/// Reads the list of contents, nothing else. Throws NotFound, Io, and Corrupt for what is cut short or damaged.
std::vector<ZipEntry> zip_contents(const std::filesystem::path& path);

/// Writes the files whose names begin with `prefix` below `folder`, under their names, and returns how many there were.
/// Throws Corrupt (a name that leads elsewhere, a checksum that is wrong, files that lie over each other), Unsupported for a
/// compressed one, Io.
std::size_t unpack_zip(const std::filesystem::path& path, std::string_view prefix,
                       const std::filesystem::path& folder);

}  // namespace lateral::format
