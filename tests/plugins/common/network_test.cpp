// Every layer against loops in float64 that share nothing with Eigen.
#include "plugins/common/network.hpp"

#include <cmath>

#include <lateral/sdk/error.hpp>

#include "files.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::plugins;
using Catch::Contains;

namespace {

using Doubles = std::vector<double>;

Weights weights_of(const test::Arrays& arrays) {
  return Weights::parse(test::safetensors(arrays, {}), "test");
}

Signal random_signal(Eigen::Index n, Eigen::Index width, Eigen::Index rows, Eigen::Index columns,
                     Random& random) {
  Signal signal{Matrix(n, width), rows, columns};
  for (Eigen::Index i = 0; i < signal.values.size(); ++i) signal.values.data()[i] = random.normal();
  return signal;
}

Doubles doubles(const Signal& signal) {
  return {signal.values.data(), signal.values.data() + signal.values.size()};
}

void check_close(const Signal& got, const Doubles& expected) {
  REQUIRE(static_cast<std::size_t>(got.values.size()) == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(got.values.data()[i] - expected[i]));
  }
  CHECK(worst < 2e-5);
}

/// x [n, in] times weight^T [out, in] plus bias.
Doubles naive_linear(const Doubles& x, std::size_t in, const Array& weight, const Array& bias) {
  const std::size_t n = x.size() / in, out = bias.values.size();
  Doubles y(n * out);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t o = 0; o < out; ++o) {
      double sum = bias.values[o];
      for (std::size_t k = 0; k < in; ++k)
        sum += x[i * in + k] * static_cast<double>(weight.values[o * in + k]);
      y[i * out + o] = sum;
    }
  }
  return y;
}

Doubles naive_norm(const Doubles& x, std::size_t width, const Array& weight, const Array& bias) {
  Doubles y(x.size());
  for (std::size_t i = 0; i < x.size(); i += width) {
    double mean = 0, square = 0;
    for (std::size_t k = 0; k < width; ++k) mean += x[i + k] / static_cast<double>(width);
    for (std::size_t k = 0; k < width; ++k)
      square += std::pow(x[i + k] - mean, 2) / static_cast<double>(width);
    for (std::size_t k = 0; k < width; ++k) {
      y[i + k] = (x[i + k] - mean) / std::sqrt(square + 1e-5) * weight.values[k] + bias.values[k];
    }
  }
  return y;
}

double naive_gelu(double x) {
  return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
}

test::Arrays norm_arrays(const std::string& prefix, std::int64_t width, Random& random) {
  return {{prefix + "weight", test::random_array({width}, random, 1)},
          {prefix + "bias", test::random_array({width}, random, 1)}};
}

test::Arrays linear_arrays(const std::string& prefix, std::int64_t out, std::int64_t in, Random& random) {
  return {{prefix + ".weight", test::random_array({out, in}, random, 0.4F)},
          {prefix + ".bias", test::random_array({out}, random, 0.4F)}};
}

}  // namespace

TEST_CASE("programs that no encoder has are refused") {
  const Weights empty = weights_of({});
  CHECK_THROWS_WITH(Network("fly 2", empty), Contains("\"fly 2\""));
  CHECK_THROWS_WITH(Network("tokens", empty), Contains("takes 1 whole number"));
  CHECK_THROWS_WITH(Network("tokens 0", empty), Contains("1 to"));
  CHECK_THROWS_WITH(Network("tokens 1.5", empty), Contains("whole"));
  CHECK_THROWS_WITH(Network("relu 3", empty), Contains("takes 0"));
  CHECK_THROWS_WITH(Network("relu;; relu", empty), Contains("does not know"));
  CHECK_THROWS_WITH(Network("conv 4 1 1", empty), Contains("0.weight"));
  CHECK_THROWS_WITH(Network("relu; norm", empty), Contains("1.weight"));
}

TEST_CASE("a signal that does not fit a layer is refused") {
  Random random(3);
  const Weights weights = weights_of(linear_arrays("0", 4, 6, random));
  CHECK_THROWS_WITH(Network("linear 4", weights).run(random_signal(2, 5, 0, 0, random)), Contains("linear"));
  CHECK_THROWS_WITH(Network("tokens 5", weights).run(random_signal(2, 12, 3, 4, random)), Contains("tokens"));
}

TEST_CASE("a convolution closes the ring of columns and pads the rows") {
  Random random(4);
  for (const auto& [down, across] : {std::pair{1, 1}, std::pair{2, 2}, std::pair{1, 2}, std::pair{2, 1}}) {
    constexpr int kIn = 3, kOut = 5, kRows = 7, kColumns = 12;
    const Array kernel = test::random_array({kOut, kIn, 3, 3}, random, 0.3F);
    const Array bias = test::random_array({kOut}, random, 0.3F);
    const Signal in = random_signal(kIn, kRows * kColumns, kRows, kColumns, random);
    const int rows = (kRows + 2 - 3) / down + 1, columns = (kColumns + 2 - 3) / across + 1;
    Doubles expected;
    for (int o = 0; o < kOut; ++o) {
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < columns; ++c) {
          double sum = bias.values[static_cast<std::size_t>(o)];
          for (int i = 0; i < kIn; ++i) {
            for (int y = -1; y <= 1; ++y) {
              for (int x = -1; x <= 1; ++x) {
                const int row = r * down + y, column = (c * across + x + kColumns) % kColumns;
                if (row < 0 || row >= kRows) continue;
                const auto k = static_cast<std::size_t>(((o * kIn + i) * 3 + y + 1) * 3 + x + 1);
                sum += static_cast<double>(kernel.values[k]) * in.values(i, row * kColumns + column);
              }
            }
          }
          expected.push_back(sum);
        }
      }
    }
    const std::string program = "conv 5 " + std::to_string(down) + " " + std::to_string(across);
    const Signal out = Network(program, weights_of({{"0.weight", kernel}, {"0.bias", bias}})).run(in);
    CHECK(out.rows == rows);
    CHECK(out.columns == columns);
    check_close(out, expected);
  }
}

TEST_CASE("relu and gelu") {
  Random random(5);
  const Signal in = random_signal(3, 8, 2, 4, random);
  Doubles relu = doubles(in), gelu = doubles(in);
  for (double& x : relu) x = x > 0 ? x : 0;
  for (double& x : gelu) x = naive_gelu(x);
  check_close(Network("relu", weights_of({})).run(in), relu);
  check_close(Network("gelu", weights_of({})).run(in), gelu);
}

TEST_CASE("tokens are strips of columns") {
  Random random(6);
  const Signal in = random_signal(2, 3 * 8, 3, 8, random);
  Doubles expected;
  for (int token = 0; token < 4; ++token) {
    for (int channel = 0; channel < 2; ++channel) {
      for (int row = 0; row < 3; ++row) {
        for (int x = 0; x < 2; ++x) expected.push_back(in.values(channel, row * 8 + token * 2 + x));
      }
    }
  }
  const Signal out = Network("tokens 4", weights_of({})).run(in);
  CHECK(out.values.rows() == 4);
  check_close(out, expected);
}

TEST_CASE("linear, position and norm") {
  Random random(7);
  const Signal in = random_signal(5, 6, 0, 0, random);
  const auto linear = linear_arrays("0", 4, 6, random);
  check_close(Network("linear 4", weights_of(linear)).run(in),
              naive_linear(doubles(in), 6, linear.at("0.weight"), linear.at("0.bias")));

  const auto norm = norm_arrays("0.", 6, random);
  check_close(Network("norm", weights_of(norm)).run(in),
              naive_norm(doubles(in), 6, norm.at("0.weight"), norm.at("0.bias")));

  const Array table = test::random_array({5, 6}, random, 1);
  Doubles moved = doubles(in);
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += table.values[i];
  check_close(Network("position", weights_of({{"0.weight", table}})).run(in), moved);
}

TEST_CASE("attention mixes values by scaled scores, head by head") {
  Random random(8);
  constexpr std::size_t kTokens = 5, kWidth = 8, kHeads = 2, kSize = kWidth / kHeads;
  const Signal in = random_signal(kTokens, kWidth, 0, 0, random);
  test::Arrays arrays = norm_arrays("0.norm.", kWidth, random);
  arrays.merge(linear_arrays("0.qkv", 3 * kWidth, kWidth, random));
  arrays.merge(linear_arrays("0.out", kWidth, kWidth, random));

  const Doubles x = doubles(in);
  const Doubles normed = naive_norm(x, kWidth, arrays.at("0.norm.weight"), arrays.at("0.norm.bias"));
  const Doubles qkv = naive_linear(normed, kWidth, arrays.at("0.qkv.weight"), arrays.at("0.qkv.bias"));
  Doubles mixed(kTokens * kWidth, 0.0);
  for (std::size_t head = 0; head < kHeads; ++head) {
    for (std::size_t i = 0; i < kTokens; ++i) {
      Doubles share(kTokens);
      double sum = 0;
      for (std::size_t j = 0; j < kTokens; ++j) {
        double score = 0;
        for (std::size_t k = 0; k < kSize; ++k) {
          score += qkv[i * 3 * kWidth + head * kSize + k] * qkv[j * 3 * kWidth + kWidth + head * kSize + k];
        }
        share[j] = std::exp(score / std::sqrt(static_cast<double>(kSize)));
        sum += share[j];
      }
      for (std::size_t j = 0; j < kTokens; ++j) {
        for (std::size_t k = 0; k < kSize; ++k) {
          const std::size_t at = head * kSize + k;
          mixed[i * kWidth + at] += share[j] / sum * qkv[j * 3 * kWidth + 2 * kWidth + at];
        }
      }
    }
  }
  Doubles expected = naive_linear(mixed, kWidth, arrays.at("0.out.weight"), arrays.at("0.out.bias"));
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += x[i];
  check_close(Network("attention 2", weights_of(arrays)).run(in), expected);
  CHECK_THROWS_WITH(Network("attention 3", weights_of(arrays)).run(in), Contains("attention"));
}

TEST_CASE("mlp") {
  Random random(9);
  const Signal in = random_signal(4, 6, 0, 0, random);
  test::Arrays arrays = norm_arrays("0.norm.", 6, random);
  arrays.merge(linear_arrays("0.up", 10, 6, random));
  arrays.merge(linear_arrays("0.down", 6, 10, random));
  const Doubles x = doubles(in);
  Doubles inner = naive_linear(naive_norm(x, 6, arrays.at("0.norm.weight"), arrays.at("0.norm.bias")), 6,
                               arrays.at("0.up.weight"), arrays.at("0.up.bias"));
  for (double& value : inner) value = naive_gelu(value);
  Doubles expected = naive_linear(inner, 10, arrays.at("0.down.weight"), arrays.at("0.down.bias"));
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += x[i];
  check_close(Network("mlp 10", weights_of(arrays)).run(in), expected);
}
