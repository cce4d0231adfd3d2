#pragma once
// The encoder network of plugins/common/network.hpp once more, in ATen, where it can learn. Both are built from the
// same program text, and a test pins them equal.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/training/named_tensors.hpp"

namespace lateral::recipe {

struct PictureShape {
  std::int64_t channels = 0, rows = 0, columns = 0;
};

/// Weights in the order and under the names of the file; leaves that record gradients. Not thread-safe.
class NetworkModule {
 public:
  /// Fresh weights, uniform in +-1/sqrt(fan-in) as torch's layers begin; the same seed gives the same weights.
  /// Throws sdk::Error for a program that does not parse, c10::Error for one whose layers do not fit the picture.
  NetworkModule(const std::string& program, const PictureShape& in, std::uint64_t seed);

  /// pictures float [batch, channels, rows, columns] to tokens [batch, tokens, width].
  at::Tensor operator()(at::Tensor x) const;

  std::int64_t tokens() const { return tokens_; }
  std::int64_t width() const { return width_; }
  const training::NamedTensors& parameters() const { return parameters_; }

 private:
  using Function = std::function<at::Tensor(const at::Tensor&)>;
  Function make(const std::string& prefix, const std::string& name, const std::vector<std::int64_t>& numbers,
                at::IntArrayRef in);
  Function convolution(const std::string& prefix, const std::vector<std::int64_t>& numbers,
                       at::IntArrayRef in);
  Function linear(const std::string& prefix, std::int64_t out, std::int64_t in);
  Function norm(const std::string& prefix, std::int64_t width);
  Function attention(const std::string& prefix, std::int64_t heads, std::int64_t width);
  Function mlp(const std::string& prefix, std::int64_t inner, std::int64_t width);
  at::Tensor parameter(const std::string& name, at::IntArrayRef shape, float low, float high);

  Random random_;
  std::vector<Function> layers_;
  training::NamedTensors parameters_;
  std::int64_t tokens_ = 0, width_ = 0;
};

/// PREFIX.weight [out, in] and PREFIX.bias [out], fresh, recording gradients, appended to `parameters`.
std::function<at::Tensor(const at::Tensor&)> fresh_linear(const std::string& prefix, std::int64_t out,
                                                          std::int64_t in, Random& random,
                                                          training::NamedTensors& parameters);

}  // namespace lateral::recipe
