#pragma once
// TorchScript files made without Python: from the text of their methods, tensors and other TorchScript files.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace lateral::test {

struct Script {
  std::string methods;                          ///< "def forward(self, x: Tensor): ..."
  std::map<std::string, at::Tensor> tensors{};  ///< attributes
  std::map<std::string, at::Tensor> weights{};  ///< the attribute w: Dict[str, Tensor], when not empty
  std::map<std::string, std::filesystem::path> modules{};  ///< attributes, from files
};

void save_script(const Script& script, const std::filesystem::path& file);

/// The methods, but for __init__, of the class in plugins/torch_module/examples/NAME.
std::string example_methods(const std::string& name);

/// All tensors of a safetensors file.
std::map<std::string, at::Tensor> tensors_in(const std::filesystem::path& file);

}  // namespace lateral::test
