#include "plugins/common/network.hpp"

#include <cmath>
#include <string>

#include <lateral/sdk/error.hpp>

#include "plugins/common/program.hpp"

namespace lateral::plugins {
namespace {

using Eigen::Index;

void require(bool fits, const char* layer) {
  if (!fits)
    sdk::fail(LAT_DATA_LOSS, "the weights do not fit together: layer \"", layer, "\" got another shape");
}

Matrix matrix_of(const Array& array, Index rows) {
  return Eigen::Map<const Matrix>(array.values.data(), rows, static_cast<Index>(array.values.size()) / rows);
}

Eigen::RowVectorXf vector_of(const Array& array) {
  return Eigen::Map<const Eigen::RowVectorXf>(array.values.data(), static_cast<Index>(array.values.size()));
}

float gelu_of(float x) {
  return 0.5F * x * (1.0F + std::erf(x * 0.70710678F));
}

class Convolution final : public Layer {
 public:
  Convolution(const Weights& weights, const std::string& prefix, const std::vector<std::int64_t>& numbers)
      : down_(numbers[1]), across_(numbers[2]) {
    const Array& kernel = weights.get(prefix + "weight", {numbers[0], -1, kSide, kSide});
    kernel_ = matrix_of(kernel, kernel.shape[0]);
    bias_ = vector_of(weights.get(prefix + "bias", {kernel.shape[0]})).transpose();
  }

  Signal apply(const Signal& in) const override {
    require(in.rows > 0 && in.columns > 1 && in.values.rows() * kSide * kSide == kernel_.cols(), "conv");
    Signal out;
    out.rows = (in.rows - 1) / down_ + 1;
    out.columns = (in.columns - 1) / across_ + 1;
    out.values.noalias() = kernel_ * patches(in, out);
    out.values.colwise() += bias_;
    return out;
  }

 private:
  static constexpr Index kSide = 3;

  /// [in * 9, pixels out]: the column of an output pixel holds the inputs under the kernel.
  Matrix patches(const Signal& in, const Signal& out) const {
    Matrix all(kernel_.cols(), out.rows * out.columns);
    for (Index channel = 0; channel < in.values.rows(); ++channel) {
      for (Index y = 0; y < kSide; ++y) {
        for (Index x = 0; x < kSide; ++x) {
          float* to = all.row((channel * kSide + y) * kSide + x).data();
          for (Index row = 0; row < out.rows; ++row, to += out.columns) {
            copy_row(in, channel, row * down_ + y - 1, x - 1, out.columns, to);
          }
        }
      }
    }
    return all;
  }

  void copy_row(const Signal& in, Index channel, Index row, Index shift, Index n, float* to) const {
    if (row < 0 || row >= in.rows) {
      std::fill(to, to + n, 0.0F);
      return;
    }
    const float* const from = in.values.row(channel).data() + row * in.columns;
    for (Index i = 0; i < n; ++i) to[i] = from[(i * across_ + shift + in.columns) % in.columns];
  }

  Index down_, across_;
  Matrix kernel_;
  Eigen::VectorXf bias_;
};

class Relu final : public Layer {
 public:
  Signal apply(const Signal& in) const override { return {in.values.cwiseMax(0.0F), in.rows, in.columns}; }
};

class Gelu final : public Layer {
 public:
  Signal apply(const Signal& in) const override {
    return {in.values.unaryExpr(&gelu_of), in.rows, in.columns};
  }
};

class Tokens final : public Layer {
 public:
  explicit Tokens(Index count) : count_(count) {}

  Signal apply(const Signal& in) const override {
    require(in.rows > 0 && in.columns % count_ == 0, "tokens");
    const Index strip = in.columns / count_;
    Signal out;
    out.values.resize(count_, in.values.rows() * in.rows * strip);
    for (Index token = 0; token < count_; ++token) {
      float* to = out.values.row(token).data();
      for (Index line = 0; line < in.values.rows() * in.rows; ++line, to += strip) {
        const float* const from = in.values.data() + line * in.columns + token * strip;
        std::copy(from, from + strip, to);
      }
    }
    return out;
  }

 private:
  Index count_;
};

class LinearLayer final : public Layer {
 public:
  LinearLayer(const Weights& weights, const std::string& prefix, Index outputs)
      : linear_(weights, prefix, outputs) {}
  Signal apply(const Signal& in) const override {
    require(in.rows == 0 && in.values.cols() == linear_.inputs(), "linear");
    return {linear_(in.values), 0, 0};
  }

 private:
  Linear linear_;
};

class Position final : public Layer {
 public:
  Position(const Weights& weights, const std::string& prefix) {
    const Array& array = weights.get(prefix + "weight", {-1, -1});
    table_ = matrix_of(array, array.shape[0]);
  }
  Signal apply(const Signal& in) const override {
    require(in.rows == 0 && in.values.rows() == table_.rows() && in.values.cols() == table_.cols(),
            "position");
    return {in.values + table_, 0, 0};
  }

 private:
  Matrix table_;
};

class Norm final : public Layer {
 public:
  Norm(const Weights& weights, const std::string& prefix)
      : weight_(vector_of(weights.get(prefix + "weight", {-1}))),
        bias_(vector_of(weights.get(prefix + "bias", {weight_.size()}))) {}

  Signal apply(const Signal& in) const override {
    require(in.rows == 0 && in.values.cols() == weight_.size(), "norm");
    Signal out = in;
    for (Index i = 0; i < out.values.rows(); ++i) {
      auto row = out.values.row(i);
      row.array() -= row.mean();
      const float scale = 1.0F / std::sqrt(row.squaredNorm() / static_cast<float>(row.size()) + 1e-5F);
      row = (row * scale).cwiseProduct(weight_) + bias_;
    }
    return out;
  }

 private:
  Eigen::RowVectorXf weight_, bias_;
};

class Attention final : public Layer {
 public:
  Attention(const Weights& weights, const std::string& prefix, Index heads)
      : heads_(heads),
        norm_(weights, prefix + "norm."),
        qkv_(weights, prefix + "qkv"),
        out_(weights, prefix + "out") {}

  Signal apply(const Signal& in) const override {
    const Index width = in.values.cols();
    require(width % heads_ == 0 && qkv_.inputs() == width && qkv_.outputs() == 3 * width &&
                out_.inputs() == width && out_.outputs() == width,
            "attention");
    const Matrix qkv = qkv_(norm_.apply(in).values);
    Matrix mixed(in.values.rows(), width);
    for (Index head = 0; head < heads_; ++head) mix(qkv, head * (width / heads_), width, mixed);
    return {in.values + out_(mixed), 0, 0};
  }

 private:
  void mix(const Matrix& qkv, Index first, Index width, Matrix& mixed) const {
    const Index size = width / heads_;
    const Matrix q = qkv.middleCols(first, size) / std::sqrt(static_cast<float>(size));
    Matrix scores = q * qkv.middleCols(width + first, size).transpose();
    softmax_rows(scores);
    mixed.middleCols(first, size).noalias() = scores * qkv.middleCols(2 * width + first, size);
  }

  Index heads_;
  Norm norm_;
  Linear qkv_, out_;
};

class Mlp final : public Layer {
 public:
  Mlp(const Weights& weights, const std::string& prefix, Index inner)
      : norm_(weights, prefix + "norm."),
        up_(weights, prefix + "up", inner),
        down_(weights, prefix + "down") {}

  Signal apply(const Signal& in) const override {
    require(up_.inputs() == in.values.cols() && down_.inputs() == up_.outputs() &&
                down_.outputs() == in.values.cols(),
            "mlp");
    return {in.values + down_(up_(norm_.apply(in).values).unaryExpr(&gelu_of)), 0, 0};
  }

 private:
  Norm norm_;
  Linear up_, down_;
};

std::unique_ptr<Layer> make_layer(const Step& step, const Weights& weights, const std::string& place) {
  const std::string prefix = place + ".";
  const std::string& name = step.name;
  if (name == "conv") return std::make_unique<Convolution>(weights, prefix, step.numbers);
  if (name == "relu") return std::make_unique<Relu>();
  if (name == "gelu") return std::make_unique<Gelu>();
  if (name == "tokens") return std::make_unique<Tokens>(step.numbers[0]);
  if (name == "linear") return std::make_unique<LinearLayer>(weights, place, step.numbers[0]);
  if (name == "position") return std::make_unique<Position>(weights, prefix);
  if (name == "attention") return std::make_unique<Attention>(weights, prefix, step.numbers[0]);
  if (name == "mlp") return std::make_unique<Mlp>(weights, prefix, step.numbers[0]);
  return std::make_unique<Norm>(weights, prefix);
}

}  // namespace

Linear::Linear(const Weights& weights, const std::string& prefix, std::int64_t outputs) {
  const Array& weight = weights.get(prefix + ".weight", {outputs, -1});
  weight_ = matrix_of(weight, weight.shape[0]);
  bias_ = vector_of(weights.get(prefix + ".bias", {weight.shape[0]}));
}

Matrix Linear::operator()(const Matrix& x) const {
  Matrix y = x * weight_.transpose();
  y.rowwise() += bias_;
  return y;
}

void softmax_rows(Matrix& scores) {
  for (Index i = 0; i < scores.rows(); ++i) {
    auto row = scores.row(i);
    row = (row.array() - row.maxCoeff()).exp();
    row /= row.sum();
  }
}

Network::Network(std::string_view program, const Weights& weights) {
  for (const Step& step : parse_program(program)) {
    layers_.push_back(make_layer(step, weights, std::to_string(layers_.size())));
  }
}

Signal Network::run(Signal signal) const {
  for (const auto& layer : layers_) signal = layer->apply(signal);
  return signal;
}

}  // namespace lateral::plugins
