#include "plugins/torch_module/archive.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr std::uint64_t kMaxUnpacked = 16ULL << 30U;
constexpr std::uint64_t kMaxDirectory = 64ULL << 20U;
constexpr std::uint64_t kTail =
    0xFFFF + 22 + 20;                        // the longest comment, the end record, the locator of zip64
constexpr std::uint32_t kMany = 0xFFFFFFFF;  // "see zip64"

[[noreturn]] void damaged(const std::string& path) {
  sdk::fail(LAT_DATA_LOSS, path,
            " is cut short or damaged: its list of contents cannot be read; copy it again");
}

/// Bytes of which every number is checked for lying inside.
class Bytes {
 public:
  Bytes(std::string text, const std::string& path) : text_(std::move(text)), path_(path) {}

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
  std::uint64_t size() const { return text_.size(); }

 private:
  std::string text_;
  const std::string& path_;
};

class File {
 public:
  explicit File(const std::string& path) : path_(path), stream_(path, std::ios::binary | std::ios::ate) {
    if (!stream_)
      sdk::fail(LAT_NOT_FOUND, "cannot open ", path, "; name the model's file in the option \"file\"");
    size_ = stream_.tellg() < 0 ? 0 : static_cast<std::uint64_t>(stream_.tellg());
  }

  Bytes read(std::uint64_t offset, std::uint64_t length) {
    if (offset > size_ || size_ - offset < length) damaged(path_);
    std::string text(length, '\0');
    stream_.seekg(static_cast<std::streamoff>(offset));
    if (!stream_.read(text.data(), static_cast<std::streamsize>(length))) damaged(path_);
    return {std::move(text), path_};
  }
  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  const std::string& path_;
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

/// The unpacked size of the entry at `at`, whose extra fields begin at `extra`.
std::uint64_t unpacked_bytes(const Bytes& list, std::uint64_t at, std::uint64_t extra) {
  const auto narrow = list.at<std::uint32_t>(at + 24);
  if (narrow != kMany) return narrow;
  for (const std::uint64_t end = extra + list.at<std::uint16_t>(at + 30); extra < end;) {
    if (list.at<std::uint16_t>(extra) == 1) return list.at<std::uint64_t>(extra + 4);
    extra += 4 + list.at<std::uint16_t>(extra + 2);
  }
  return narrow;
}

/// Names without the folder that everything is in.
std::vector<std::string> names_in(File& file) {
  const Directory directory = directory_of(file);
  const Bytes list = file.read(directory.offset, directory.bytes);
  std::vector<std::string> names;
  std::uint64_t unpacked = 0;
  for (std::uint64_t at = 0; names.size() < directory.entries;) {
    if (list.text(at, 4) != "PK\1\2") damaged(file.path());
    const std::uint64_t length = list.at<std::uint16_t>(at + 28);
    const std::string_view name = list.text(at + 46, length);
    names.emplace_back(name.substr(std::min(name.size(), name.find('/') + 1)));
    const std::uint64_t bytes = unpacked_bytes(list, at, at + 46 + length);
    if (bytes > kMaxUnpacked || (unpacked += bytes) > kMaxUnpacked) {
      sdk::fail(LAT_RESOURCE_EXHAUSTED, file.path(), " unpacks to more than 16 GiB");
    }
    at += 46 + length + list.at<std::uint16_t>(at + 30) + list.at<std::uint16_t>(at + 32);
  }
  return names;
}

[[noreturn]] void no_archive(File& file) {
  const std::string begin(file.size() == 0 ? "" : file.read(0, 1).text(0, 1));
  const char* const pickle = begin == "\x80" ? " (it is a pickle, which is never read)" : "";
  sdk::fail(LAT_DATA_LOSS, file.path(), " is neither TorchScript nor an AOTInductor package", pickle,
            "; make one with torch.jit.script(model).save(...)");
}

}  // namespace

Archive archive_at(const std::string& path) {
  File file(path);
  if (file.size() < 4 || file.read(0, 4).text(0, 4) != "PK\3\4") no_archive(file);
  const auto names = names_in(file);
  const auto has = [&](std::string_view prefix) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return name.starts_with(prefix); });
  };
  if (has("data/aotinductor/")) return Archive::Package;
  if (has("code/") && has("constants.pkl")) return Archive::TorchScript;
  if (has("models/")) {
    sdk::fail(LAT_DATA_LOSS, path,
              " is an exported program that is not compiled; compile it with "
              "torch._inductor.aoti_compile_and_package(torch.export.load(...))");
  }
  if (has("data.pkl")) {
    sdk::fail(LAT_DATA_LOSS, path,
              " holds weights without the code of a module (torch.save); load them in Python and "
              "save the module with torch.jit.script(model).save(...)");
  }
  no_archive(file);
}

}  // namespace lateral::plugins
