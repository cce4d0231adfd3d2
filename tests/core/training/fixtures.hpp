#pragma once
// A small random language model, and a world of moments whose class shows in two senses.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/connector/adapter.hpp"
#include "core/model/decoder.hpp"
#include "core/training/example.hpp"
#include "core/training/query_bank.hpp"

namespace lateral::test {

/// Normal numbers that depend on the seed alone.
at::Tensor drawn(std::vector<std::int64_t> shape, std::uint64_t seed);

/// Llama family, 4 blocks, hidden 32, 4 heads, 2 for keys and values, 40 pieces.
model::Decoder small_decoder();

/// Late keys and values for the last two blocks, encoder width 8. `strength` scales what it puts into the text.
connector::Adapter small_adapter(std::uint64_t seed, const std::string& token_space = "camera-1",
                                 double strength = 1);

/// Moments "m0", "m1", ... of one of four classes; 5 tokens of width 8 show it through noise.
struct World {
  static constexpr std::int64_t kClasses = 4;
  static constexpr std::int64_t kTokens = 5, kWidth = 8;

  std::int64_t class_of(const std::string& moment) const;
  training::TokenProvider camera() const;
  /// The camera's tokens in another order, each multiplied by a fixed invertible matrix.
  training::TokenProvider lidar() const;
  std::vector<std::string> moments(std::int64_t count) const;
  /// "what is here", in several wordings; the answer names the class.
  std::vector<training::Example> questions(std::int64_t moments, std::int64_t each) const;
  std::vector<training::BankQuestion> wordings() const;
};

/// Parameters are equal, bit for bit.
bool same_parameters(const connector::Adapter& a, const connector::Adapter& b);

}  // namespace lateral::test
