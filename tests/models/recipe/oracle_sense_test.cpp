#include "models/recipe/oracle_sense.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "models/recipe/initial.hpp"
#include "models/recipe/language.hpp"
#include "small.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::recipe;

TEST_CASE("an oracle's token is the words for what stands there") {
  const c10::NoGradGuard no_gradients;
  const TextIds text = test::small_text();
  const auto decoder = initial_decoder(spec_of(test::small_language(), text), 1);
  const at::Tensor table = decoder.outer().tokens, unseen = at::ones({32});
  const auto scene = scenes::make_scene(3, 1);
  const at::Tensor tokens = oracle_tokens(decoder, SenseWords(text), {scene}, unseen, false, 0, 0)[0];
  const auto word = [&](const std::string& name) { return table[text.ids(' ' + name).at(0)]; };
  for (int bin = 0; bin < scenes::kBins; ++bin) {
    at::Tensor expected = word(std::to_string(15 * bin));
    if (const auto* const object = scene.at(bin)) {
      expected =
          expected + word(std::string(name_of(object->kind))) + word(object->moving ? "moving" : "standing");
    } else {
      expected = expected + word("nothing");
    }
    CHECK((tokens[bin] * 0.08 * std::sqrt(3.0) - expected).abs().max().item<double>() < 1e-6);
  }
  const at::Tensor blind = oracle_tokens(decoder, SenseWords(text), {scene}, unseen, true, 0, 0)[0];
  CHECK((blind[0] * 0.08 * std::sqrt(3.0) - word("0") - 1).abs().max().item<double>() < 1e-6);
}

TEST_CASE("noise is a function of its seed") {
  const c10::NoGradGuard no_gradients;
  const TextIds text = test::small_text();
  const auto decoder = initial_decoder(spec_of(test::small_language(), text), 1);
  const auto tokens = [&](double noise, std::uint64_t seed) {
    return oracle_tokens(decoder, SenseWords(text), {scenes::make_scene(3, 1)}, {}, false, noise, seed);
  };
  CHECK(tokens(0.5, 1).equal(tokens(0.5, 1)));
  CHECK_FALSE(tokens(0.5, 1).equal(tokens(0.5, 2)));
  CHECK((tokens(0.5, 1) - tokens(0, 1)).std().item<double>() == Catch::Approx(0.5).margin(0.05));
}

TEST_CASE("the connected blocks ask alike at the start, and an oracle answers with the same projection") {
  const c10::NoGradGuard no_gradients;
  const TextIds text = test::small_text();
  const auto decoder = initial_decoder(spec_of(test::small_language(), text), 1);
  share_queries(decoder, 2);
  CHECK(decoder.block(1).weights().q.weight.equal(decoder.block(2).weights().q.weight));
  CHECK_FALSE(decoder.block(0).weights().q.weight.equal(decoder.block(1).weights().q.weight));
  Random random(1);
  const OracleSense sense("oracle", decoder, 2, random);
  const at::Tensor tokens = at::randn({1, 24, 32});
  const auto segment = sense.segment(tokens, 0);
  const at::Tensor queries = decoder.block(1).project_q(tokens);
  CHECK((segment.k - queries).abs().max().item<double>() < 1e-5);
  CHECK(segment.alpha.item<double>() == Catch::Approx(1 / (1 + std::exp(-1.0))));
}
