#pragma once
// A small encoder network as its weights file describes it, computed with Eigen. The file's metadata holds
// the program, one line of text that training and plugin both read:
//
//   conv 24 2 2; relu; conv 48 2 2; relu; tokens 24; linear 96; position; attention 4; mlp 192; norm
//
// Layer n finds its numbers under "n." in the file:
//   conv O V H   3 x 3 to O channels, strides V (rows) and H (columns). The columns are a ring: what leaves at
//                the right enters at the left. Rows are padded with zeros. weight [O, in, 3, 3], bias [O]
//   relu, gelu   elementwise; gelu is the exact one (erf)
//   tokens N     [channels, rows, columns] to [N, channels * rows * columns / N]: token i is the i-th strip
//   linear O     weight [O, in], bias [O]
//   position     adds weight [tokens, width]
//   attention H  x + out(attention(norm x)) with H heads: norm.*, qkv.* [3 width, width], out.*
//   mlp I        x + down(gelu(up(norm x))): norm.*, up.* [I, width], down.* [width, I]
//   norm         layer norm, epsilon 1e-5. weight [width], bias [width]
//
// Thread safety: run() is const and keeps no state. One thread, fixed order: same bytes in, same bytes out.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#include "plugins/common/weights.hpp"

namespace lateral::plugins {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What flows between layers: a picture, values [channels, rows * columns];
/// or tokens, values [tokens, width], rows 0.
struct Signal {
  Matrix values;
  Eigen::Index rows = 0, columns = 0;
};

class Layer {
 public:
  virtual ~Layer() = default;
  /// Throws sdk::Error LAT_DATA_LOSS when the signal does not fit the layer's weights.
  virtual Signal apply(const Signal& in) const = 0;
};

class Network {
 public:
  /// Throws sdk::Error LAT_DATA_LOSS for an unknown layer or weights that are missing.
  Network(std::string_view program, const Weights& weights);

  Signal run(Signal signal) const;

 private:
  std::vector<std::unique_ptr<Layer>> layers_;
};

/// x weight^T + bias, from the arrays PREFIX.weight [out, in] and PREFIX.bias [out].
class Linear {
 public:
  /// `outputs` -1: as many as the file has.
  Linear(const Weights& weights, const std::string& prefix, std::int64_t outputs = -1);
  /// [n, in] -> [n, out]
  Matrix operator()(const Matrix& x) const;
  Eigen::Index inputs() const { return weight_.cols(); }
  Eigen::Index outputs() const { return weight_.rows(); }

 private:
  Matrix weight_;
  Eigen::RowVectorXf bias_;
};

/// Each row becomes a distribution.
void softmax_rows(Matrix& scores);

}  // namespace lateral::plugins
