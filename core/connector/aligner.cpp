#include "core/connector/aligner.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/connector/initial.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::connector {
namespace {

model::Linear linear(std::int64_t in, std::int64_t out, Random& random) {
  const double limit = 1.0 / std::sqrt(static_cast<double>(in));
  model::Linear map;
  map.weight = uniform({out, in}, limit, random);
  map.bias = uniform({out}, limit, random);
  return map;
}

Perceptron perceptron(const AlignerShape& shape, Random random) {
  Perceptron both;
  if (shape.inner > 0) both.in = linear(shape.width, shape.inner, random);
  both.out = linear(shape.inner > 0 ? shape.inner : shape.width, shape.pairs * shape.kv_width(), random);
  return both;
}

const AlignerShape& checked(const AlignerShape& shape) {
  if (shape.width < 1 || shape.inner < 0 || shape.kv_heads < 1 || shape.head_dim < 1 || shape.pairs < 1) {
    fail(Errc::InvalidArgument, "aligner", "every size must be at least 1, or 0 for inner: width ",
         shape.width, ", inner ", shape.inner, ", kv_heads ", shape.kv_heads, ", head_dim ", shape.head_dim,
         ", pairs ", shape.pairs);
  }
  return shape;
}

}  // namespace

at::Tensor Perceptron::operator()(const at::Tensor& x) const {
  const auto inner = in.weight.defined() ? at::gelu(at::linear(x, in.weight, in.bias)) : x;
  return at::linear(inner, out.weight, out.bias);
}

Aligner::Aligner(const AlignerShape& shape, std::uint64_t seed)
    : shape_(checked(shape)),
      k_(perceptron(shape, Random(seed, 0))),
      v_(perceptron(shape, Random(seed, 1))) {}

KeyValue Aligner::operator()(const at::Tensor& tokens) const {
  tensor::enter_thread();
  // Contiguous heads: the copy is made once per sample, the attention kernel reads it in every block.
  const auto heads = [&](const at::Tensor& flat) {
    return flat.view({flat.size(0), flat.size(1) * shape_.pairs, shape_.kv_heads, shape_.head_dim})
        .transpose(1, 2)
        .contiguous();
  };
  return {heads(k_(tokens)), heads(v_(tokens))};
}

std::vector<model::NamedTensor> Aligner::parameters() const {
  std::vector<model::NamedTensor> named;
  const auto add = [&](const std::string& name, const model::Linear& map) {
    if (!map.weight.defined()) return;
    named.push_back({name + ".weight", map.weight});
    named.push_back({name + ".bias", map.bias});
  };
  add("aligner.k.in", k_.in);
  add("aligner.k.out", k_.out);
  add("aligner.v.in", v_.in);
  add("aligner.v.out", v_.out);
  return named;
}

}  // namespace lateral::connector
