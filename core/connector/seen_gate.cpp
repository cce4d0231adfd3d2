#include "core/connector/seen_gate.hpp"

#include <ATen/ATen.h>

namespace lateral::connector {
namespace {

/// The mean over present tokens, [batch, 1, width]; of no token at all it is 0.
at::Tensor mean_of_present(const at::Tensor& tokens, const at::Tensor& present) {
  if (!present.defined()) return tokens.mean(1, /*keepdim=*/true);
  const auto weight = present.unsqueeze(2).to(tokens.scalar_type());
  return at::where(present.unsqueeze(2), tokens, 0).sum(1, true) / weight.sum(1, true).clamp_min(1);
}

}  // namespace

SeenGate::SeenGate(std::int64_t width, Scope scope, double bias) : scope_(scope) {
  map_.weight = at::zeros({1, width}, at::kFloat);
  map_.bias = at::full({1}, bias, at::kFloat);
}

at::Tensor SeenGate::reads(const at::Tensor& tokens, const at::Tensor& present) const {
  return scope_ == Scope::Token ? tokens : mean_of_present(tokens, present);
}

at::Tensor SeenGate::logits(const at::Tensor& tokens, const at::Tensor& present) const {
  const auto read = reads(tokens, present);
  return at::linear(read, map_.weight, map_.bias).squeeze(2).expand({tokens.size(0), tokens.size(1)});
}

at::Tensor SeenGate::open(const at::Tensor& tokens, const at::Tensor& present) const {
  const auto seen = logits(tokens, present).detach().gt(0);
  return present.defined() ? seen.logical_and(present) : seen;
}

std::vector<model::NamedTensor> SeenGate::parameters() const {
  return {{"seen.weight", map_.weight}, {"seen.bias", map_.bias}};
}

}  // namespace lateral::connector
