#include "tests/plugins/torch_module/scripts.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <sstream>

#include "core/base/file.hpp"
#include "core/format/safetensors.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {
namespace {

at::ScalarType type_of(format::Dtype dtype) {
  if (dtype == format::Dtype::F32) return at::kFloat;
  if (dtype == format::Dtype::I32) return at::kInt;
  if (dtype == format::Dtype::U8) return at::kByte;
  throw std::runtime_error("a type that these tests do not use");
}

}  // namespace

void save_script(const Script& script, const std::filesystem::path& file) {
  torch::jit::Module module("TestModule");
  for (const auto& [name, tensor] : script.tensors) module.register_buffer(name, tensor);
  for (const auto& [name, path] : script.modules)
    module.register_module(name, torch::jit::load(path.string()));
  if (!script.weights.empty()) {
    c10::Dict<std::string, at::Tensor> weights;
    for (const auto& [name, tensor] : script.weights) weights.insert(name, tensor);
    module.register_attribute("w", c10::DictType::create(c10::StringType::get(), c10::TensorType::get()),
                              weights);
  }
  if (!script.methods.empty()) module.define(script.methods);
  module.save(file.string());
}

std::string example_methods(const std::string& name) {
  std::istringstream file(read_text(repository() / "plugins/torch_module/examples" / name, 1U << 16U));
  std::string methods;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("    def ")) inside = !line.starts_with("    def __init__");
    if (!line.empty() && line[0] != ' ') inside = false;
    if (inside) methods += line.substr(std::min<std::size_t>(line.size(), 4)) + "\n";
  }
  return methods;
}

std::map<std::string, at::Tensor> tensors_in(const std::filesystem::path& path) {
  const format::SafetensorsFile file(path);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& view : file.tensors()) {
    at::Tensor tensor = at::empty(view.shape, type_of(view.dtype));
    std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
    tensors.emplace(view.name, tensor);
  }
  return tensors;
}

}  // namespace lateral::test
