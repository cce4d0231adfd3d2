#include "plugins/torch/weights.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>

#include <cstring>

#include "core/base/error.hpp"

namespace lateral::plugins {
namespace {

std::string words_for(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t n : shape)
    text += (text.size() > 1 ? ", " : "") + (n < 0 ? "any" : std::to_string(n));
  return text + "]";
}

bool fits(const std::vector<std::int64_t>& wanted, const std::vector<std::int64_t>& found) {
  bool same = wanted.size() == found.size();
  for (std::size_t i = 0; same && i < wanted.size(); ++i) same = wanted[i] < 0 || wanted[i] == found[i];
  return same;
}

std::optional<at::ScalarType> floating(format::Dtype dtype) {
  switch (dtype) {
    case format::Dtype::F64:
      return at::kDouble;
    case format::Dtype::F32:
      return at::kFloat;
    case format::Dtype::F16:
      return at::kHalf;
    case format::Dtype::BF16:
      return at::kBFloat16;
    default:
      return std::nullopt;
  }
}

/// Files of other writers may put numbers where none may be read through a pointer.
at::Tensor copied(const format::TensorView& view, at::ScalarType type) {
  at::Tensor same = at::empty(view.shape, type);
  std::memcpy(same.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
  return type == at::kFloat ? same : same.to(at::kFloat);
}

}  // namespace

Weights::Weights(const std::filesystem::path& source) : source_(source) {
  if (std::filesystem::is_directory(source)) {
    folder_.emplace_back(source);
  } else {
    file_.emplace_back(source);
  }
}

const format::TensorView* Weights::find(const std::string& name) const {
  return folder_.empty() ? file_.front().find(name) : folder_.front().find(name);
}

const format::TensorView& Weights::at(const std::string& name) const {
  return folder_.empty() ? file_.front().at(name) : folder_.front().at(name);
}

void Weights::reject(const std::string& name, const std::string& why) const {
  const auto& file = folder_.empty() ? file_.front() : folder_.front().file_of(name);
  fail(Errc::Corrupt, "weights", file.path().string(), ": \"", name, "\" ", why);
}

at::Tensor Weights::take(const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto& view = at(name);
  if (!fits(shape, view.shape)) reject(name, "is " + words_for(view.shape) + ", not " + words_for(shape));
  const auto type = floating(view.dtype);
  if (!type)
    reject(name, "has the type " + std::string(format::name_of(view.dtype)) + "; a floating one is needed");
  at::Tensor tensor = copied(view, *type);
  if (!at::isfinite(tensor).all().item<bool>()) reject(name, "holds a number that is not finite");
  taken_.add(name).add(std::as_bytes(std::span(tensor.const_data_ptr<float>(), tensor.numel())));
  return tensor;
}

}  // namespace lateral::plugins
