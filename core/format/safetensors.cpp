#include "core/format/safetensors.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kWhere = "safetensors";
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the reference implementation's bound
constexpr std::size_t kPrefix = 8;                 // the header's length

struct DtypeInfo {
  std::string_view name;
  std::size_t size;
};
constexpr std::array<DtypeInfo, 10> kDtypes{{{"F64", 8},
                                             {"F32", 4},
                                             {"F16", 2},
                                             {"BF16", 2},
                                             {"I64", 8},
                                             {"I32", 4},
                                             {"I16", 2},
                                             {"I8", 1},
                                             {"U8", 1},
                                             {"BOOL", 1}}};

Dtype dtype_from(const json::Value& value) {
  const auto name = value.as_string();
  for (std::size_t i = 0; i < kDtypes.size(); ++i) {
    if (kDtypes[i].name == name) return static_cast<Dtype>(i);
  }
  fail(Errc::Unsupported, kWhere, value.place(), ": dtype ", json::quote(utf8::clip(name)),
       " is not one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL");
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = kPrefix; i-- > 0;) value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

std::string_view header_of(std::span<const std::byte> file, const std::string& path) {
  if (file.size() < kPrefix)
    fail(Errc::Corrupt, kWhere, path, " has ", file.size(), " bytes: no room for a header");
  const std::uint64_t length = little_endian(file);
  if (length > kMaxHeader) {
    fail(Errc::Corrupt, kWhere, path, ": a header of ", length, " bytes; at most ", kMaxHeader,
         " are allowed");
  }
  if (length > file.size() - kPrefix) {
    fail(Errc::Corrupt, kWhere, path, ": a header of ", length, " bytes in a file of ", file.size(),
         ": the file is truncated or no safetensors file");
  }
  const std::string_view header(reinterpret_cast<const char*>(file.data()) + kPrefix, length);
  if (header.empty() || header.front() != '{')
    fail(Errc::Corrupt, kWhere, path, ": the header is no JSON object");
  return header;
}

std::uint64_t bytes_of(const json::Value& shape, std::vector<std::int64_t>& dims, Dtype dtype) {
  std::uint64_t product = size_of(dtype);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto dim = shape[i].as_int(0);
    if (__builtin_mul_overflow(product, static_cast<std::uint64_t>(dim), &product)) {
      fail(Errc::Corrupt, kWhere, shape.place(), ": more bytes than 64 bits can count");
    }
    dims.push_back(dim);
  }
  return product;
}

struct Entry {
  TensorView view;
  std::uint64_t begin = 0, end = 0;
};

Entry read_entry(std::string_view name, const json::Value& value, std::span<const std::byte> data) {
  value.allow_only({"dtype", "shape", "data_offsets"});
  Entry entry;
  entry.view.name = name;
  entry.view.dtype = dtype_from(value.at("dtype"));
  const auto shape = value.at("shape");
  if (!shape.is(json::Kind::Array)) shape.reject("an array of sizes");
  const std::uint64_t needed = bytes_of(shape, entry.view.shape, entry.view.dtype);

  const auto offsets = value.at("data_offsets");
  if (!offsets.is(json::Kind::Array) || offsets.size() != 2) offsets.reject("an array [begin, end]");
  entry.begin = static_cast<std::uint64_t>(offsets[0].as_int(0));
  entry.end = static_cast<std::uint64_t>(offsets[1].as_int(0));
  if (entry.begin > entry.end || entry.end > data.size()) {
    fail(Errc::Corrupt, kWhere, offsets.place(), ": bytes ", entry.begin, " to ", entry.end, " of ",
         data.size());
  }
  if (entry.end - entry.begin != needed) {
    fail(Errc::Corrupt, kWhere, value.place(), ": ", entry.end - entry.begin,
         " bytes where shape and dtype need ", needed);
  }
  entry.view.bytes = data.subspan(entry.begin, entry.end - entry.begin);
  return entry;
}

Metadata read_metadata(const json::Value& value) {
  Metadata metadata;
  if (!value.is(json::Kind::Object)) value.reject("an object");
  for (std::size_t i = 0; i < value.size(); ++i) metadata.emplace(value.key(i), value[i].as_string());
  return metadata;
}

// The format allows neither gaps nor overlaps: whatever is not a tensor could hide something else.
void check_layout(const std::vector<Entry>& entries, std::uint64_t data_size, const std::string& path) {
  std::uint64_t expected = 0;
  for (const auto& entry : entries) {
    if (entry.begin != expected) {
      fail(Errc::Corrupt, kWhere, path, ": tensor ", json::quote(entry.view.name), " begins at byte ",
           entry.begin, " where ", expected, " was expected: tensors must lie side by side");
    }
    expected = entry.end;
  }
  if (expected != data_size) {
    fail(Errc::Corrupt, kWhere, path, ": the tensors end at byte ", expected, " of ", data_size);
  }
}

}  // namespace

std::size_t size_of(Dtype dtype) noexcept {
  return kDtypes[static_cast<std::size_t>(dtype)].size;
}
std::string_view name_of(Dtype dtype) noexcept {
  return kDtypes[static_cast<std::size_t>(dtype)].name;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : mapping_(std::make_shared<const MappedFile>(path)) {
  const auto file = mapping_->bytes();
  const auto header_text = header_of(file, path.string());
  const auto data = file.subspan(kPrefix + header_text.size());
  const auto header = json::parse(header_text, path.string(), {.max_bytes = kMaxHeader, .max_depth = 4});

  std::vector<Entry> entries;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header.key(i) == "__metadata__") {
      metadata_ = read_metadata(header[i]);
    } else {
      entries.push_back(read_entry(header.key(i), header[i], data));
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.view.name) < std::tie(b.begin, b.end, b.view.name);
  });
  check_layout(entries, data.size(), path.string());
  for (auto& entry : entries) {
    by_name_.emplace(entry.view.name, tensors_.size());
    tensors_.push_back(std::move(entry.view));
  }
}

const TensorView* SafetensorsFile::find(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

const TensorView& SafetensorsFile::at(std::string_view name) const {
  if (const auto* view = find(name)) return *view;
  fail(Errc::NotFound, kWhere, path().string(), " has no tensor ", json::quote(name));
}

}  // namespace lateral::format
