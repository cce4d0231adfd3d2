#pragma once
// Late connections in double precision over explicit score matrices: slow, plain loops that share no function with
// core. One sample at a time; a batch is a loop.

#include <cstddef>
#include <vector>

namespace lateral::oracle {

struct Matrix {
  Matrix() = default;
  Matrix(std::size_t r, std::size_t c, double fill = 0.0) : rows(r), cols(c), data(r * c, fill) {}
  double& operator()(std::size_t r, std::size_t c) { return data[r * cols + c]; }
  double operator()(std::size_t r, std::size_t c) const { return data[r * cols + c]; }

  std::size_t rows = 0, cols = 0;
  std::vector<double> data;
};

/// x [n, in] times weight [out, in] transposed, plus bias [1, out] where there is one.
Matrix linear(const Matrix& x, const Matrix& weight, const Matrix& bias = {});
Matrix plus(Matrix a, const Matrix& b);
/// Linear, exact GELU, Linear.
Matrix perceptron(const Matrix& x, const Matrix& w1, const Matrix& b1, const Matrix& w2, const Matrix& b2);

struct Segment {
  Matrix k, v;                ///< [M, kv_heads * head_dim], as an aligner gives them
  std::vector<bool> present;  ///< empty = all
  Matrix score_bias;          ///< [T, M] or empty
  double alpha = 1.0;
  bool gated = false;
  double gate = 0.0;
};

struct Lora {
  Matrix k_down, k_up, v_down, v_up;
  double scale = 1.0;
};

/// A block of the Llama family: RMS norms, rotary positions, grouped queries, SwiGLU, no biases.
struct Block {
  std::size_t heads = 0, kv_heads = 0, head_dim = 0;
  double epsilon = 1e-5, theta = 10000.0;
  Matrix attention_norm, ffn_norm;  ///< [1, hidden]
  Matrix q, k, v, output, gate, up, down;
};

/// The block's output for states x [T, hidden] at positions 0 .. T-1.
Matrix forward(const Block& block, const Matrix& x, const std::vector<Segment>& segments = {},
               const std::vector<Lora>& loras = {});

}  // namespace lateral::oracle
