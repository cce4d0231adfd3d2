#include "core/format/zip.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace lateral::format {
namespace {

constexpr const char* kWhere = "zip";
constexpr std::uint64_t kMaxDirectory = 64ULL << 20U;
constexpr std::uint64_t kTail =
    0xFFFF + 22 + 20;                        // the longest comment, the end record, the locator of zip64
constexpr std::uint32_t kMany = 0xFFFFFFFF;  // "see zip64"
constexpr std::uint64_t kLocalHeader = 30;
constexpr std::size_t kPiece = 1U << 20U;

[[noreturn]] void damaged(const std::filesystem::path& path) {
  fail(Errc::Corrupt, kWhere, path.string(),
       " is cut short or damaged: its list of contents cannot be read; copy it again");
}

/// Bytes of which every number is checked for lying inside.
class Bytes {
 public:
  Bytes(std::string text, const std::filesystem::path& path) : text_(std::move(text)), path_(path) {}

  template <typename T>
  T at(std::uint64_t offset) const {
    T value{};
    if (offset > text_.size() || text_.size() - offset < sizeof value) damaged(path_);
    std::memcpy(&value, text_.data() + offset, sizeof value);
    return value;
  }
  std::string_view text(std::uint64_t offset, std::uint64_t length) const {
    if (offset > text_.size() || text_.size() - offset < length) damaged(path_);
    return std::string_view(text_).substr(offset, length);
  }

 private:
  std::string text_;
  const std::filesystem::path& path_;
};

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path), stream_(path, std::ios::binary | std::ios::ate) {
    if (!stream_) {
      const int error = errno;
      fail(error == ENOENT ? Errc::NotFound : Errc::Io, kWhere, "cannot open ", path.string(), ": ",
           std::strerror(error));
    }
    size_ = stream_.tellg() < 0 ? 0 : static_cast<std::uint64_t>(stream_.tellg());
  }

  void seek(std::uint64_t offset, std::uint64_t length) {
    if (offset > size_ || size_ - offset < length) damaged(path_);
    stream_.seekg(static_cast<std::streamoff>(offset));
  }
  void read_on(char* to, std::uint64_t length) {
    if (!stream_.read(to, static_cast<std::streamsize>(length))) damaged(path_);
  }
  Bytes read(std::uint64_t offset, std::uint64_t length) {
    seek(offset, length);
    std::string text(length, '\0');
    read_on(text.data(), length);
    return {std::move(text), path_};
  }
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path& path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
};

struct Directory {
  std::uint64_t offset = 0, bytes = 0, entries = 0;
};

Directory directory_of(File& file) {
  const std::uint64_t length = std::min(file.size(), kTail);
  const Bytes tail = file.read(file.size() - length, length);
  const std::size_t end = tail.text(0, length).rfind("PK\5\6");
  if (end == std::string_view::npos || tail.at<std::uint16_t>(end + 20) > length - end - 22)
    damaged(file.path());
  Directory directory{tail.at<std::uint32_t>(end + 16), tail.at<std::uint32_t>(end + 12),
                      tail.at<std::uint16_t>(end + 10)};
  if (end >= 20 && tail.text(end - 20, 4) == "PK\6\7") {
    const Bytes wide = file.read(tail.at<std::uint64_t>(end - 12), 56);
    if (wide.text(0, 4) != "PK\6\6") damaged(file.path());
    directory = {wide.at<std::uint64_t>(48), wide.at<std::uint64_t>(40), wide.at<std::uint64_t>(32)};
  }
  if (directory.bytes > kMaxDirectory) damaged(file.path());
  return directory;
}

/// Sizes and places that need more than four bytes are in an extra field, in this order, only those that do.
void widen(const Bytes& list, std::uint64_t extra, std::uint64_t length, ZipEntry& entry) {
  for (const std::uint64_t end = extra + length; extra < end;) {
    const auto kind = list.at<std::uint16_t>(extra);
    std::uint64_t at = extra + 4;
    for (std::uint64_t* const number : {&entry.bytes, &entry.packed, &entry.header}) {
      if (kind != 1 || *number != kMany) continue;
      *number = list.at<std::uint64_t>(at);
      at += sizeof(std::uint64_t);
    }
    if (kind == 1) return;
    extra += 4 + list.at<std::uint16_t>(extra + 2);
  }
}

/// The entry at `at`, which moves on to the next one.
ZipEntry read_entry(const Bytes& list, std::uint64_t& at, const std::filesystem::path& path) {
  constexpr std::uint16_t kEncrypted = 1;
  if (list.text(at, 4) != "PK\1\2") damaged(path);
  ZipEntry entry;
  entry.stored = (list.at<std::uint16_t>(at + 8) & kEncrypted) == 0 && list.at<std::uint16_t>(at + 10) == 0;
  entry.checksum = list.at<std::uint32_t>(at + 16);
  entry.packed = list.at<std::uint32_t>(at + 20);
  entry.bytes = list.at<std::uint32_t>(at + 24);
  entry.header = list.at<std::uint32_t>(at + 42);
  const std::uint64_t name = list.at<std::uint16_t>(at + 28);
  const std::uint64_t extra = list.at<std::uint16_t>(at + 30);
  const std::string_view whole = list.text(at + 46, name);
  entry.name = whole.substr(std::min(whole.size(), whole.find('/') + 1));
  widen(list, at + 46 + name, extra, entry);
  at += 46 + name + extra + list.at<std::uint16_t>(at + 32);
  return entry;
}

/// Whether a name can be one of a file below a folder, and of no other place.
bool stays_below(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.back() == '/' || name.find('\0') != name.npos) return false;
  const std::filesystem::path path(name);
  return std::none_of(path.begin(), path.end(), [](const auto& part) { return part == ".." || part == "."; });
}

// By hand and not by zlib: a plugin links this file, and may need no library that is not part of every system.
constexpr std::array<std::uint32_t, 256> kChecksums = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}();

std::uint32_t add_to_checksum(std::uint32_t sum, std::string_view bytes) {
  for (const char byte : bytes)
    sum = (sum >> 8U) ^ kChecksums[(sum ^ static_cast<unsigned char>(byte)) & 0xFFU];
  return sum;
}

void unpack_one(File& file, const ZipEntry& entry, const std::filesystem::path& target) {
  const Bytes header = file.read(entry.header, kLocalHeader);
  if (header.text(0, 4) != "PK\3\4") damaged(file.path());
  const std::uint64_t data =
      entry.header + kLocalHeader + header.at<std::uint16_t>(26) + header.at<std::uint16_t>(28);
  file.seek(data, entry.bytes);
  std::error_code error;
  std::filesystem::create_directories(target.parent_path(), error);
  if (error)
    fail(Errc::Corrupt, kWhere, file.path().string(), ": \"", shown(entry.name),
         "\" cannot be written: ", error.message());
  std::ofstream out(target, std::ios::binary);
  std::string piece;
  std::uint32_t sum = ~0U;
  for (std::uint64_t left = entry.bytes; left > 0; left -= piece.size()) {
    piece.resize(std::min<std::uint64_t>(left, kPiece));
    file.read_on(piece.data(), piece.size());
    sum = add_to_checksum(sum, piece);
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }
  out.close();
  if (!out) fail(Errc::Io, kWhere, "cannot write ", target.string(), ": ", std::strerror(errno));
  if (~sum != entry.checksum)
    fail(Errc::Corrupt, kWhere, file.path().string(), ": \"", shown(entry.name),
         "\" is damaged: its checksum is another; copy the archive again");
}

}  // namespace

bool is_zip(const std::filesystem::path& path) {
  File file(path);
  return file.size() >= 4 && file.read(0, 4).text(0, 4) == "PK\3\4";
}

std::vector<ZipEntry> zip_contents(const std::filesystem::path& path) {
  File file(path);
  const Directory directory = directory_of(file);
  const Bytes list = file.read(directory.offset, directory.bytes);
  std::vector<ZipEntry> entries;
  for (std::uint64_t at = 0; entries.size() < directory.entries;)
    entries.push_back(read_entry(list, at, path));
  return entries;
}

std::size_t unpack_zip(const std::filesystem::path& path, std::string_view prefix,
                       const std::filesystem::path& folder) {
  auto wanted = zip_contents(path);
  std::erase_if(wanted, [&](const ZipEntry& entry) { return !entry.name.starts_with(prefix); });
  File file(path);
  std::uint64_t bytes = 0;
  for (const auto& entry : wanted) {
    const auto refuse = [&](Errc code, const char* why) {
      fail(code, kWhere, path.string(), ": \"", shown(entry.name), "\" ", why);
    };
    if (!stays_below(entry.name)) refuse(Errc::Corrupt, "is no name of a file in a folder");
    if (!entry.stored)
      refuse(Errc::Unsupported, "is compressed; PyTorch stores files as they are: write the archive with it");
    // What is stored as it is cannot be more than the archive, unless files lie over each other.
    if (entry.packed != entry.bytes) refuse(Errc::Corrupt, "has two sizes");
    if (entry.bytes > file.size() - bytes) refuse(Errc::Corrupt, "lies over other files of the archive");
    bytes += entry.bytes;
  }
  for (const auto& entry : wanted) unpack_one(file, entry, folder / entry.name);
  return wanted.size();
}

}  // namespace lateral::format
