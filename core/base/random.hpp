#pragma once
// Random numbers whose sequence is the same with every compiler and standard library: the standard's
// distributions are not. The generator is PCG32 (O'Neill 2014, pcg-random.org), written from its definition.

#include <cmath>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

namespace lateral {

/// Mixes a seed with a stream number, so that item i of a data set never depends on how many items are
/// asked for.
constexpr std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15ULL * (stream + 1);  // splitmix64
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) {
    state_ = mix_seed(seed, stream);
    increment_ = (mix_seed(stream, seed) << 1U) | 1U;
    next();
  }

  std::uint32_t next() {
    const std::uint64_t old = state_;
    state_ = old * 6364136223846793005ULL + increment_;
    const auto shifted = static_cast<std::uint32_t>(((old >> 18U) ^ old) >> 27U);
    const auto rotation = static_cast<std::uint32_t>(old >> 59U);
    return (shifted >> rotation) | (shifted << ((32U - rotation) & 31U));
  }

  /// In [0, n), n > 0; unbiased to 2^-32.
  std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(next()) * n) >> 32U);
  }
  /// In [low, high], both included.
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::uint32_t>(high - low + 1)));
  }
  /// In [0, 1), 24 bits.
  float uniform() { return static_cast<float>(next() >> 8U) * 0x1p-24F; }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  bool chance(float probability) { return uniform() < probability; }
  /// Standard normal (Box-Muller; the second value is not kept, so that the state is one word).
  float normal() {
    const float radius = std::sqrt(-2.0F * std::log(1.0F - uniform()));
    return radius * std::cos(6.28318530717958647692F * uniform());
  }

  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(static_cast<std::uint32_t>(i))]);
    }
  }

  /// State for resuming an interrupted run.
  std::pair<std::uint64_t, std::uint64_t> state() const { return {state_, increment_}; }
  void restore(std::pair<std::uint64_t, std::uint64_t> saved) { std::tie(state_, increment_) = saved; }

 private:
  std::uint64_t state_ = 0;
  std::uint64_t increment_ = 1;
};

}  // namespace lateral
