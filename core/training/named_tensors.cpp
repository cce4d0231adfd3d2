#include "core/training/named_tensors.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <unordered_map>

#include "core/base/error.hpp"

namespace lateral::training {

void copy_by_name(const NamedTensors& from, const NamedTensors& to, std::string_view where) {
  std::unordered_map<std::string_view, const at::Tensor*> known;
  for (const auto& [name, tensor] : from) known.emplace(name, &tensor);
  for (const auto& [name, tensor] : to) {
    const auto found = known.find(name);
    if (found == known.end()) fail(Errc::Corrupt, where, "tensor ", name, " is missing");
    const at::Tensor& source = *found->second;
    if (source.sizes() != tensor.sizes() || source.scalar_type() != tensor.scalar_type()) {
      fail(Errc::Corrupt, where, "tensor ", name, " is ", source.scalar_type(), source.sizes(), ", expected ",
           tensor.scalar_type(), tensor.sizes());
    }
  }
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : to) at::Tensor(tensor).copy_(*known.at(name));
}

NamedTensors snapshot(const NamedTensors& tensors) {
  const c10::NoGradGuard no_grad;
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

}  // namespace lateral::training
