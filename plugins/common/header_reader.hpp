#pragma once
// The JSON header of a safetensors file, and no other JSON: an object of tensors and one object of texts.
// There is no recursion, so depth needs no limit; the caller bounds the length.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::plugins {

struct HeaderEntry {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< bytes after the header
};

struct Header {
  std::map<std::string, HeaderEntry> entries;
  std::map<std::string, std::string> notes;  ///< "__metadata__"
};

/// Throws sdk::Error LAT_DATA_LOSS for anything else, saying where in the header. `name` appears in messages.
Header read_header(std::string_view text, const std::string& name);

}  // namespace lateral::plugins
