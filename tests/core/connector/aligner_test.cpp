#include "core/connector/aligner.hpp"

#include <ATen/ATen.h>

#include <map>

#include "core/base/error.hpp"
#include "core/connector/kv_lora.hpp"
#include "core/connector/links.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using connector::Aligner;
using connector::AlignerShape;
using connector::Links;

namespace {

std::map<std::string, at::Tensor> by_name(const std::vector<model::NamedTensor>& named) {
  std::map<std::string, at::Tensor> map;
  for (const auto& [name, tensor] : named) map[name] = tensor;
  return map;
}

oracle::Matrix expected(std::map<std::string, at::Tensor>& p, const std::string& part,
                        const at::Tensor& tokens) {
  const auto m = [&](const std::string& name) { return test::matrix(p.at("aligner." + part + name)); };
  return oracle::perceptron(test::matrix(tokens), m(".in.weight"), m(".in.bias"), m(".out.weight"),
                            m(".out.bias"));
}

}  // namespace

TEST_CASE("impossible sizes and temperatures are refused") {
  CHECK_THROWS_AS(Aligner({0, 16, 2, 8}, 1), Error);
  CHECK_THROWS_AS(Aligner({12, 16, 0, 8}, 1), Error);
  const auto blocks = wiring::BlockSet::parse("all", 4);
  CHECK_THROWS_AS(Links(blocks, 1, 0.0), Error);
  CHECK_THROWS_AS(Links(blocks, 1, std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS(connector::KvLora({0, 1.0, 32, 16}, blocks, 1), Error);
}

TEST_CASE("an aligner equals the oracle, head by head") {
  const Aligner aligner(AlignerShape{12, 16, 2, 8}, 5);
  const auto tokens = test::some_tokens(3, 7, 2).values;
  const auto [k, v] = aligner(tokens);
  CHECK(k.sizes() == at::IntArrayRef({3, 2, 7, 8}));
  auto parameters = by_name(aligner.parameters());
  for (int row = 0; row < 3; ++row) {
    const auto flat = [&](const at::Tensor& heads) { return heads[row].transpose(0, 1).reshape({7, 16}); };
    CHECK(test::distance(flat(k), test::tensor(expected(parameters, "k", tokens[row]))) < 1e-5);
    CHECK(test::distance(flat(v), test::tensor(expected(parameters, "v", tokens[row]))) < 1e-5);
  }
}

TEST_CASE("an aligner without an inner layer is one linear map") {
  const Aligner aligner(AlignerShape{12, 0, 2, 8}, 5);
  const auto tokens = test::some_tokens(1, 7, 2).values;
  auto parameters = by_name(aligner.parameters());
  REQUIRE(parameters.size() == 4);
  const auto expect =
      oracle::linear(test::matrix(tokens[0]), test::matrix(parameters.at("aligner.k.out.weight")),
                     test::matrix(parameters.at("aligner.k.out.bias")));
  CHECK(test::distance(aligner(tokens).k[0].transpose(0, 1).reshape({7, 16}), test::tensor(expect)) < 1e-5);
}

TEST_CASE("the same seed begins with the same bits, another seed with others") {
  const AlignerShape shape{12, 16, 2, 8};
  const auto once = Aligner(shape, 5).parameters();
  const auto again = Aligner(shape, 5).parameters();
  const auto other = Aligner(shape, 6).parameters();
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(at::equal(once[i].tensor, again[i].tensor));
    CHECK_FALSE(at::equal(once[i].tensor, other[i].tensor));
  }
}

TEST_CASE("links begin between 0.27 and 0.73, one for each block") {
  const Links links(wiring::BlockSet::parse("last:3", 6), 4);
  const auto alphas = links.alphas();
  CHECK(alphas.sizes() == at::IntArrayRef({3}));
  CHECK(alphas.min().item<double>() > 0.268);
  CHECK(alphas.max().item<double>() < 0.732);
  const auto expect = 1.0 / (1.0 + std::exp(-links.weights()[1].item<double>()));
  CHECK(alphas[1].item<double>() == Catch::Approx(expect).epsilon(1e-6));
}
