#include "tests/oracles/late_kv_oracle.hpp"

#include <cmath>
#include <limits>

namespace lateral::oracle {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

Matrix rms_norm(const Matrix& x, const Matrix& weight, double epsilon) {
  Matrix y(x.rows, x.cols);
  for (std::size_t r = 0; r < x.rows; ++r) {
    double squares = 0.0;
    for (std::size_t c = 0; c < x.cols; ++c) squares += x(r, c) * x(r, c);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.cols) + epsilon);
    for (std::size_t c = 0; c < x.cols; ++c) y(r, c) = x(r, c) * scale * weight(0, c);
  }
  return y;
}

/// Rotates every head of x [T, heads * head_dim] by its row: dimension i with i + head_dim / 2.
Matrix rotated(const Matrix& x, std::size_t head_dim, double theta) {
  Matrix y = x;
  const std::size_t half = head_dim / 2;
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t head = 0; head < x.cols; head += head_dim) {
      for (std::size_t i = 0; i < half; ++i) {
        const double turn = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
        const double angle = static_cast<double>(t) * turn;
        const double a = x(t, head + i);
        const double b = x(t, head + half + i);
        y(t, head + i) = a * std::cos(angle) - b * std::sin(angle);
        y(t, head + half + i) = b * std::cos(angle) + a * std::sin(angle);
      }
    }
  }
  return y;
}

/// One row of scores and the values under it: columns are added one by one, then weighed.
class Row {
 public:
  void add(double score, const double* value) {
    scores_.push_back(score);
    values_.push_back(value);
  }
  /// softmax(scores) times values, added to out[0 .. width) times `share`.
  void weigh_into(double* out, std::size_t width, double share) const {
    double highest = kNever;
    for (const double score : scores_) highest = std::max(highest, score);
    if (highest == kNever) return;  // every column is masked: nothing to add
    double sum = 0.0;
    for (const double score : scores_) sum += std::exp(score - highest);
    for (std::size_t j = 0; j < scores_.size(); ++j) {
      const double weight = std::exp(scores_[j] - highest) / sum;
      for (std::size_t c = 0; c < width; ++c) out[c] += share * weight * values_[j][c];
    }
  }

 private:
  std::vector<double> scores_;
  std::vector<const double*> values_;
};

double dot(const double* a, const double* b, std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

Matrix scaled(Matrix m, double by) {
  for (double& value : m.data) value *= by;
  return m;
}

Matrix attention(const Block& block, const Matrix& q, const Matrix& k, const Matrix& v,
                 const std::vector<Segment>& segments) {
  const std::size_t width = block.head_dim;
  const double root = std::sqrt(static_cast<double>(width));
  std::vector<Segment> linked = segments;
  for (auto& segment : linked) {
    segment.k = scaled(segment.k, segment.alpha);
    segment.v = scaled(segment.v, segment.alpha);
  }
  Matrix out(q.rows, block.heads * width);
  for (std::size_t head = 0; head < block.heads; ++head) {
    const std::size_t from =
        head / (block.heads / block.kv_heads) * width;  // columns of its key and value head
    for (std::size_t t = 0; t < q.rows; ++t) {
      const double* const query = &q.data[t * q.cols + head * width];
      double* const result = &out.data[t * out.cols + head * width];
      Row joint;
      for (const auto& segment : linked) {
        Row own;
        for (std::size_t m = 0; m < segment.k.rows; ++m) {
          double score = dot(query, &segment.k.data[m * segment.k.cols + from], width) / root;
          if (segment.score_bias.rows > 0) score += segment.score_bias(t, m);
          if (!segment.present.empty() && !segment.present[m]) score = kNever;
          (segment.gated ? own : joint).add(score, &segment.v.data[m * segment.v.cols + from]);
        }
        if (segment.gated) own.weigh_into(result, width, std::tanh(segment.gate));
      }
      for (std::size_t s = 0; s <= t; ++s) {
        joint.add(dot(query, &k.data[s * k.cols + from], width) / root, &v.data[s * v.cols + from]);
      }
      joint.weigh_into(result, width, 1.0);
    }
  }
  return out;
}

}  // namespace

Matrix linear(const Matrix& x, const Matrix& weight, const Matrix& bias) {
  Matrix y(x.rows, weight.rows);
  for (std::size_t r = 0; r < x.rows; ++r) {
    for (std::size_t o = 0; o < weight.rows; ++o) {
      y(r, o) = dot(&x.data[r * x.cols], &weight.data[o * weight.cols], x.cols) +
                (bias.cols > 0 ? bias(0, o) : 0.0);
    }
  }
  return y;
}

Matrix plus(Matrix a, const Matrix& b) {
  for (std::size_t i = 0; i < a.data.size(); ++i) a.data[i] += b.data[i];
  return a;
}

Matrix perceptron(const Matrix& x, const Matrix& w1, const Matrix& b1, const Matrix& w2, const Matrix& b2) {
  Matrix inner = linear(x, w1, b1);
  for (double& value : inner.data) value = 0.5 * value * (1.0 + std::erf(value / std::sqrt(2.0)));
  return linear(inner, w2, b2);
}

Matrix forward(const Block& block, const Matrix& x, const std::vector<Segment>& segments,
               const std::vector<Lora>& loras) {
  const Matrix normed = rms_norm(x, block.attention_norm, block.epsilon);
  Matrix k = linear(normed, block.k);
  Matrix v = linear(normed, block.v);
  for (const auto& lora : loras) {
    k = plus(std::move(k), scaled(linear(linear(normed, lora.k_down), lora.k_up), lora.scale));
    v = plus(std::move(v), scaled(linear(linear(normed, lora.v_down), lora.v_up), lora.scale));
  }
  const Matrix q = rotated(linear(normed, block.q), block.head_dim, block.theta);
  const Matrix merged = attention(block, q, rotated(k, block.head_dim, block.theta), v, segments);
  const Matrix middle = plus(x, linear(merged, block.output));

  const Matrix read = rms_norm(middle, block.ffn_norm, block.epsilon);
  Matrix gate = linear(read, block.gate);
  const Matrix up = linear(read, block.up);
  for (std::size_t i = 0; i < gate.data.size(); ++i)
    gate.data[i] *= up.data[i] / (1.0 + std::exp(-gate.data[i]));
  return plus(middle, linear(gate, block.down));
}

}  // namespace lateral::oracle
