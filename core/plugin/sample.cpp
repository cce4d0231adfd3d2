#include "core/plugin/sample.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/base/error.hpp"

namespace lateral::plugin {
namespace {

constexpr std::size_t kCanaryBytes = 256;
constexpr std::byte kCanary{0xA5};

}  // namespace

std::string_view name_of(InputKind kind) noexcept {
  switch (kind) {
    case InputKind::Image:
      return "image";
    case InputKind::Points:
      return "points";
    case InputKind::Audio:
      return "audio";
    case InputKind::Table:
      return "table";
    case InputKind::Text:
      return "text";
    case InputKind::Raw:
      return "raw";
  }
  return "unknown";
}

std::string_view name_of(DType dtype) noexcept {
  return dtype == DType::U8 ? "u8" : "f32";
}

std::size_t size_of(DType dtype) noexcept {
  return dtype == DType::U8 ? 1 : 4;
}

AlignedBuffer::AlignedBuffer(std::size_t bytes) : size_(bytes) {
  const std::size_t rounded = (bytes + kCanaryBytes + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(static_cast<std::byte*>(rounded < bytes ? nullptr : std::aligned_alloc(kAlignment, rounded)));
  if (data_ == nullptr) fail(Errc::ResourceExhausted, "plugin", "no memory for ", bytes, " bytes of tensors");
  std::memset(data_.get(), 0, bytes);
  std::memset(data_.get() + bytes, static_cast<int>(kCanary), kCanaryBytes);
}

bool AlignedBuffer::intact() const noexcept {
  const std::byte* const end = data_.get() + size_;
  return data_ == nullptr || std::all_of(end, end + kCanaryBytes, [](std::byte b) { return b == kCanary; });
}

void AlignedBuffer::Free::operator()(std::byte* memory) const noexcept {
  std::free(memory);
}

}  // namespace lateral::plugin
