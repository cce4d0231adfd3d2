#pragma once
// Views of the host's memory: inputs by name, outputs, and the request around them.

#include <lateral/sdk/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lateral::sdk {

/// Compact row-major numbers that somebody else owns. Empty: data() is null and dim() throws.
template <typename T>
class View {
 public:
  View() = default;
  View(T* data, const std::int64_t* shape, std::int32_t rank) : data_(data), shape_(shape), rank_(rank) {}

  T* data() const { return data_; }
  std::int32_t rank() const { return rank_; }
  std::int64_t dim(std::int32_t axis) const {
    if (axis < 0 || axis >= rank_) fail(LAT_OUT_OF_RANGE, "axis ", axis, " of a tensor with ", rank_);
    return shape_[axis];
  }
  std::int64_t size() const {
    std::int64_t n = data_ == nullptr ? 0 : 1;
    for (std::int32_t i = 0; i < rank_; ++i) n *= shape_[i];
    return n;
  }
  /// The rest of the tensor at index i of the first axis, e.g. one row of a matrix. i is not checked.
  T* row(std::int64_t i) const { return data_ + i * (shape_[0] == 0 ? 0 : size() / shape_[0]); }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  T* data_ = nullptr;
  const std::int64_t* shape_ = nullptr;
  std::int32_t rank_ = 0;
};

namespace detail {

inline const lat_tensor* find(const lat_tensor* const* list, std::uint32_t count, std::string_view name) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (list[i]->name != nullptr && name == list[i]->name) return list[i];
  }
  return nullptr;
}

template <typename T>
View<T> view(const lat_tensor* tensor, std::uint32_t dtype) {
  if (tensor == nullptr) return {};
  const lat_dltensor& dl = tensor->dl;
  if (LAT_DTYPE(dl.dtype_code, dl.dtype_bits) != dtype || dl.dtype_lanes != 1) {
    fail(LAT_INVALID_ARGUMENT, "tensor \"", tensor->name, "\" has another element type");
  }
  auto* const data = static_cast<char*>(dl.data) + dl.byte_offset;
  return View<T>(reinterpret_cast<T*>(data), dl.shape, dl.ndim);
}

}  // namespace detail

/// The inputs of one sample, by the names that info() declared. The host has checked their shapes and types.
class Inputs {
 public:
  Inputs(const lat_tensor* const* list, std::uint32_t count) : list_(list), count_(count) {}

  bool has(std::string_view name) const { return detail::find(list_, count_, name) != nullptr; }
  /// image, text, raw: u8 as declared. Throws LAT_NOT_FOUND for an input that is not there.
  View<const std::uint8_t> u8(std::string_view name) const {
    return detail::view<const std::uint8_t>(&get(name), LAT_DTYPE_U8);
  }
  /// points, table, audio: f32 as declared.
  View<const float> f32(std::string_view name) const {
    return detail::view<const float>(&get(name), LAT_DTYPE_F32);
  }
  std::string_view text(std::string_view name) const {
    const auto bytes = u8(name);
    return {reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(bytes.size())};
  }
  /// When it was recorded, nanoseconds; 0 = unknown.
  std::int64_t time_ns(std::string_view name) const { return get(name).t_ns; }

 private:
  const lat_tensor& get(std::string_view name) const {
    const lat_tensor* const found = detail::find(list_, count_, name);
    if (found == nullptr) fail(LAT_NOT_FOUND, "no input \"", name, "\"");
    return *found;
  }

  const lat_tensor* const* list_;
  std::uint32_t count_;
};

/// The outputs of one sample and the request they belong to.
class Outputs {
 public:
  Outputs(const lat_encode& args, std::uint64_t (*now_ns)(lat_ctx*), lat_ctx* context)
      : args_(args), now_ns_(now_ns), context_(context) {
    *args_.n_tokens = static_cast<std::uint32_t>(tokens().dim(0));
  }

  /// [planned tokens, token_width]. Write every number of the tokens you give: what is there at the start is the
  /// host's business, unless a tensor says LAT_TENSOR_ZERO_FILLED.
  View<float> tokens() const { return get("tokens"); }
  /// [planned tokens, width] where info() declared them, else empty.
  View<float> scores() const { return get("scores"); }
  View<float> keys() const { return get("keys"); }
  View<float> positions() const { return get("positions"); }

  /// How many of the planned tokens are real. Default: all.
  void set_tokens(std::uint32_t n) { *args_.n_tokens = n; }

  /// Scratch memory as planned, 256-byte aligned, or null.
  std::uint8_t* workspace() const { return detail::view<std::uint8_t>(args_.workspace, LAT_DTYPE_U8).data(); }

  bool cancelled() const noexcept {
    return lat_cancelled(&args_) != 0 || (args_.deadline_ns != 0 && now_ns_(context_) > args_.deadline_ns);
  }
  /// Throws when the result is no longer wanted. Call it every few milliseconds of work.
  void check() const {
    if (cancelled()) fail(lat_cancelled(&args_) != 0 ? LAT_CANCELLED : LAT_DEADLINE_EXCEEDED, "stopped");
  }
  std::uint64_t request() const { return args_.request; }

 private:
  View<float> get(std::string_view name) const {
    return detail::view<float>(detail::find(args_.out, args_.n_out, name), LAT_DTYPE_F32);
  }

  const lat_encode& args_;
  std::uint64_t (*now_ns_)(lat_ctx*);
  lat_ctx* context_;
};

}  // namespace lateral::sdk
