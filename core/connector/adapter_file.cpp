#include "core/connector/adapter_file.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <map>

#include "core/base/error.hpp"
#include "core/connector/adapter_metadata.hpp"
#include "core/format/safetensors.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::connector {
namespace {

using Shape = std::vector<std::int64_t>;

bool all_finite(const at::Tensor& tensor) {
  return at::isfinite(tensor).all().item<bool>();
}

/// Everything in which the file's tensors differ from what its metadata promises, one per line.
std::string problems_of(const format::SafetensorsFile& file, const AdapterInfo& info) {
  std::string problems;
  std::map<std::string, Shape> expected;
  for (auto& [name, shape] : layout_of(info)) expected.emplace(name, shape);
  for (const auto& [name, shape] : expected) {
    const auto* const found = file.find(name);
    if (found == nullptr) {
      problems += "\n  " + name + ": is missing";
    } else if (found->dtype != format::Dtype::F32 || found->shape != shape) {
      problems += detail::concat("\n  ", name, ": expected F32 ", at::IntArrayRef(shape), ", found ",
                                 format::name_of(found->dtype), ' ', at::IntArrayRef(found->shape));
    } else if (!all_finite(tensor::to_tensor(*found, file.mapping()))) {
      problems += "\n  " + name + ": holds NaN or infinity";
    }
  }
  for (const auto& tensor : file.tensors()) {
    if (!expected.contains(tensor.name)) problems += "\n  " + tensor.name + ": is unknown";
  }
  return problems;
}

void fill(const Adapter& adapter, const format::SafetensorsFile& file) {
  const c10::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : adapter.parameters()) {
    tensor.copy_(tensor::to_tensor(file.at(name), file.mapping()));
  }
}

template <typename T>
void compare(std::string& differences, std::string_view what, const T& theirs, const T& ours) {
  if (theirs == ours) return;
  differences += detail::concat(differences.empty() ? "" : "\n", what, ": the adapter was made for ", theirs,
                                ", this is ", ours);
}

}  // namespace

void save_adapter(const std::filesystem::path& path, const Adapter& adapter) {
  const auto parameters = adapter.parameters();
  std::vector<at::Tensor> kept;  // the views refer to these
  std::vector<format::TensorView> views;
  for (const auto& [name, tensor] : parameters) {
    kept.push_back(tensor.detach().to(at::kCPU).contiguous());
    if (!all_finite(kept.back())) {
      fail(Errc::InvalidArgument, "adapter", name, " holds NaN or infinity; not saved to ", path.string());
    }
    views.push_back(tensor::to_view(name, kept.back()));
  }
  format::write_safetensors(path, views, metadata_of(adapter.info()));
}

Adapter load_adapter(const std::filesystem::path& path) {
  const format::SafetensorsFile file(path);
  auto info = info_of(file.metadata(), path.string());
  if (const auto problems = problems_of(file, info); !problems.empty()) {
    fail(Errc::Corrupt, "adapter", path.string(), ": its tensors do not fit its metadata:", problems);
  }
  Adapter adapter(std::move(info));
  fill(adapter, file);
  return adapter;
}

Adapter load_adapter(const std::filesystem::path& path, const AdapterUse& use) {
  Adapter adapter = load_adapter(path);
  if (const auto found = differences(adapter.info(), use); !found.empty()) {
    fail(Errc::AbiMismatch, "adapter", path.string(), " does not fit:\n", found,
         "\nit was trained with plugin ", trained_with(adapter.info()));
  }
  return adapter;
}

std::string trained_with(const AdapterInfo& info) {
  const bool renamed = !info.library.empty() && info.library != info.plugin;
  return renamed ? info.plugin + ", an instance of " + info.library : info.plugin;
}

std::string differences(const AdapterInfo& info, const AdapterUse& use) {
  std::string found;
  compare(found, "base model", info.base_model, use.base_model);
  compare(found, "token space", info.token_space, use.token_space);
  compare(found, "token width", info.token_width(), use.width);
  compare<std::int64_t>(found, "blocks", info.blocks.layers(), use.spec.layers);
  compare(found, "kv_heads", info.aligner.kv_heads, use.spec.kv_heads);
  compare(found, "head_dim", info.aligner.head_dim, use.spec.head_dim);
  if (info.lora) compare(found, "hidden width", info.lora->hidden, use.spec.hidden);
  return found;
}

}  // namespace lateral::connector
