#include "plugins/common/weights.hpp"

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include <lateral/sdk/error.hpp>

#include "plugins/common/header_reader.hpp"

namespace lateral::plugins {
namespace {

constexpr std::uint64_t kMaxFile = 64ULL << 20U;
constexpr std::uint64_t kMaxHeader = 1ULL << 20U;
constexpr std::size_t kLengthBytes = 8;

float from_half(std::uint16_t half) {
  const float sign = (half & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (half >> 10U) & 31U;
  const auto mantissa = static_cast<float>(half & 1023U);
  if (exponent == 31) return std::nanf("");  // infinities are as unwelcome
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024.0F + mantissa, exponent - 25);
}

template <typename T>
T number_at(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// How many numbers a shape holds; nothing larger than the file can be meant.
std::uint64_t size_of(const std::vector<std::int64_t>& shape) {
  std::uint64_t size = 1;
  for (const std::int64_t n : shape) {
    if (n < 1 || static_cast<std::uint64_t>(n) > kMaxFile) return 0;
    size *= static_cast<std::uint64_t>(n);
    if (size > kMaxFile) return 0;
  }
  return size;
}

Array read_array(const HeaderEntry& entry, std::string_view data, const std::string& where) {
  const std::size_t width = entry.dtype == "F32" ? 4 : entry.dtype == "F16" ? 2 : 0;
  if (width == 0) sdk::fail(LAT_DATA_LOSS, where, " is ", entry.dtype, "; F16 and F32 can be read");
  const std::uint64_t size = size_of(entry.shape);
  if (size == 0 || entry.begin > entry.end || entry.end > data.size() ||
      entry.end - entry.begin != size * width) {
    sdk::fail(LAT_DATA_LOSS, where, " does not fit its shape or the file");
  }
  Array array{entry.shape, std::vector<float>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = entry.begin + i * width;
    array.values[i] = width == 4 ? number_at<float>(data, at) : from_half(number_at<std::uint16_t>(data, at));
    if (!std::isfinite(array.values[i]))
      sdk::fail(LAT_DATA_LOSS, where, " holds a number that is not finite");
  }
  return array;
}

std::string words_for(const std::vector<std::int64_t>& shape) {
  std::ostringstream text;
  for (const std::int64_t n : shape) text << (text.tellp() > 0 ? ", " : "[") << n;
  return (shape.empty() ? "[" : text.str()) + "]";
}

}  // namespace

Weights Weights::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) sdk::fail(LAT_NOT_FOUND, "cannot open the weights ", path);
  const auto size = static_cast<std::int64_t>(in.tellg());
  if (size < 0 || static_cast<std::uint64_t>(size) > kMaxFile) {
    sdk::fail(LAT_DATA_LOSS, path, " is no weights file, or larger than 64 MiB");
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  in.seekg(0);
  if (!in.read(bytes.data(), size)) sdk::fail(LAT_DATA_LOSS, path, " cannot be read to its end");
  return parse(bytes, path);
}

Weights Weights::parse(std::string_view bytes, const std::string& name) {
  if (bytes.size() > kMaxFile || bytes.size() < kLengthBytes) {
    sdk::fail(LAT_DATA_LOSS, name, " is no safetensors file: ", bytes.size(), " bytes");
  }
  const auto length = number_at<std::uint64_t>(bytes, 0);
  if (length > kMaxHeader || length > bytes.size() - kLengthBytes) {
    sdk::fail(LAT_DATA_LOSS, name, " is cut short or no safetensors file: its header would have ", length,
              " bytes");
  }
  const Header header = read_header(bytes.substr(kLengthBytes, length), name);
  const std::string_view data = bytes.substr(kLengthBytes + length);
  Weights weights;
  weights.file_ = name;
  weights.notes_ = header.notes;
  std::uint64_t unclaimed = data.size();
  for (const auto& [key, entry] : header.entries) {
    weights.arrays_[key] = read_array(entry, data, name + ": " + key);
    // Shared bytes would let a small file fill the memory.
    if (entry.end - entry.begin > unclaimed) sdk::fail(LAT_DATA_LOSS, name, ": two arrays share their bytes");
    unclaimed -= entry.end - entry.begin;
  }
  return weights;
}

const Array& Weights::get(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) sdk::fail(LAT_DATA_LOSS, file_, " has no \"", name, '"');
  const auto& actual = found->second.shape;
  bool fits = actual.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = shape[i] < 0 || shape[i] == actual[i];
  if (!fits) {
    sdk::fail(LAT_DATA_LOSS, file_, ": \"", name, "\" is ", words_for(actual), ", not ", words_for(shape));
  }
  return found->second;
}

const std::string& Weights::note(const std::string& key) const {
  const auto found = notes_.find(key);
  if (found == notes_.end()) sdk::fail(LAT_DATA_LOSS, file_, " has no \"", key, "\" in its metadata");
  return found->second;
}

}  // namespace lateral::plugins
