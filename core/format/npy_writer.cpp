#include <cstring>

#include "core/base/error.hpp"
#include "core/format/npy.hpp"

namespace lateral::format {

std::vector<std::byte> encode_npy(std::span<const float> values, const std::vector<std::int64_t>& shape) {
  std::int64_t elements = 1;
  std::string text;
  for (const std::int64_t size : shape) {
    elements *= size;
    text += std::to_string(size) + ", ";
  }
  if (elements != static_cast<std::int64_t>(values.size()))
    fail(Errc::InvalidArgument, "npy", values.size(), " values do not fill ", elements, " elements");
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + text + "), }";
  constexpr std::size_t kPreamble = 10, kAlignment = 64;
  header.append(kAlignment - (kPreamble + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 0xFFU);
  start += static_cast<char>(header.size() >> 8U);
  start += header;
  std::vector<std::byte> bytes(start.size() + values.size_bytes());
  std::memcpy(bytes.data(), start.data(), start.size());
  if (!values.empty()) std::memcpy(bytes.data() + start.size(), values.data(), values.size_bytes());
  return bytes;
}

}  // namespace lateral::format
