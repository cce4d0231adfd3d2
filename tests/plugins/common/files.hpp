#pragma once
// Weights files for tests, written from the format's description.

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "plugins/common/weights.hpp"

namespace lateral::test {

using Arrays = std::map<std::string, plugins::Array>;

inline std::string shape_json(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? "," : "") + std::to_string(n);
  return text + "]";
}

/// A safetensors file: length, header, data.
inline std::string safetensors(const std::string& header, const std::string& data) {
  const auto length = static_cast<std::uint64_t>(header.size());
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

inline std::string safetensors(const Arrays& arrays, const std::map<std::string, std::string>& notes) {
  std::string header = R"({"__metadata__":{)", data;
  for (const auto& [key, value] : notes)
    header += (header.back() == '{' ? "" : ",") + ('"' + key) + "\":\"" + value + '"';
  header += '}';
  for (const auto& [key, array] : arrays) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(float));
    header += ",\"" + key + R"(":{"dtype":"F32","shape":)" + shape_json(array.shape) +
              R"(,"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
  }
  return safetensors(header + "}", data);
}

inline plugins::Array random_array(std::vector<std::int64_t> shape, Random& random, float scale) {
  std::size_t size = 1;
  for (const std::int64_t n : shape) size *= static_cast<std::size_t>(n);
  plugins::Array array{std::move(shape), std::vector<float>(size)};
  for (float& value : array.values) value = scale * random.normal();
  return array;
}

}  // namespace lateral::test
