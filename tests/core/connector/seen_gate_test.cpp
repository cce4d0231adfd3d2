#include "core/connector/seen_gate.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <limits>

#include "core/base/error.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using connector::SeenGate;
using connector::Tokens;

namespace {

/// Tokens around `center` in two of their dimensions; the others are noise, one of them of another size.
Tokens around(double center, std::int64_t samples, std::uint64_t seed) {
  auto tokens = test::some_tokens(samples, 6, seed);
  tokens.values.select(2, 3).add_(center);
  tokens.values.select(2, 7).sub_(center);
  tokens.values.select(2, 9).mul_(1000.0);
  return tokens;
}

double share(const at::Tensor& open) {
  return open.to(at::kDouble).mean().item<double>();
}

}  // namespace

TEST_CASE("a gate cannot be fitted without either side, or to tokens of another width") {
  const SeenGate gate(12, SeenGate::Scope::Token);
  const auto seen = around(1.0, 4, 1);
  CHECK_THROWS_AS(connector::fit_seen_gate(gate, seen, {}), Error);
  CHECK_THROWS_AS(connector::fit_seen_gate(gate, seen, test::some_tokens(2, 6, 1, 13)), Error);
  auto none = around(-1.0, 4, 2);
  none.present = at::zeros({4, 6}, at::kBool);
  CHECK_THROWS_WITH(connector::fit_seen_gate(gate, seen, none), Catch::Contains("among the unseen"));
  none.present = at::Tensor();
  none.values[0][0][0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(connector::fit_seen_gate(gate, seen, none), Error);
}

TEST_CASE("a seen gate is open until it is fitted, then closes by token or by sample") {
  auto tokens = test::some_tokens(2, 3, 1).values;
  SeenGate by_token(12, SeenGate::Scope::Token);
  CHECK(by_token.open(tokens, {}).all().item<bool>());

  tokens.zero_();
  tokens[0][1][0] = -10.0;  // this token says: nothing
  const auto set = [](const SeenGate& gate) { gate.parameters()[0].tensor[0][0] = 5.0; };
  set(by_token);
  const auto open = by_token.open(tokens, {});
  CHECK_FALSE(open[0][1].item<bool>());
  CHECK(open.sum().item<int>() == 5);

  SeenGate by_sample(12, SeenGate::Scope::Sample);
  set(by_sample);
  CHECK_FALSE(by_sample.open(tokens, {})[0].any().item<bool>());
  CHECK(by_sample.open(tokens, {})[1].all().item<bool>());
  auto present = at::ones({2, 3}, at::kBool);
  present[0][1] = false;  // an absent token does not speak for its sample
  CHECK(by_sample.open(tokens, present).sum().item<int>() == 5);
}

TEST_CASE(
    "a fitted gate parts held-out tokens, however uneven the sides, and the same tokens give the same bits") {
  const auto scope = GENERATE(SeenGate::Scope::Token, SeenGate::Scope::Sample);
  const SeenGate gate(12, scope);
  const auto fit = connector::fit_seen_gate(gate, around(1.2, 200, 1), around(-1.2, 20, 2));
  CHECK(fit.kept > 0.99);
  CHECK(fit.closed > 0.99);
  CHECK(share(gate.open(around(1.2, 50, 3).values, {})) > 0.98);
  CHECK(share(gate.open(around(-1.2, 50, 4).values, {})) < 0.02);

  const SeenGate again(12, scope);
  connector::fit_seen_gate(again, around(1.2, 200, 1), around(-1.2, 20, 2));
  for (int i : {0, 1}) {
    const auto place = static_cast<std::size_t>(i);
    CHECK(at::equal(gate.parameters()[place].tensor, again.parameters()[place].tensor));
  }
}

TEST_CASE("a gate that cannot part the sides says so instead of guessing one of them") {
  const SeenGate gate(12, SeenGate::Scope::Token);
  const auto fit = connector::fit_seen_gate(gate, around(0.0, 200, 1), around(0.0, 20, 2));
  CHECK(fit.kept > 0.3);
  CHECK(fit.kept < 0.8);
  CHECK(fit.closed < 0.8);
}

TEST_CASE(
    "a gate is added to an adapter without changing the rest, and at night the modality is absent bit for "
    "bit") {
  const c10::NoGradGuard no_gradients;
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  const auto bare = test::adapter_for(spec, {.lora = true});
  const auto gated = bare.with_seen_gate(SeenGate::Scope::Sample);
  connector::fit_seen_gate(*gated.source().seen(), around(1.2, 50, 1), around(-1.2, 50, 2));
  CHECK(gated.with_seen_gate(std::nullopt).identity() == bare.identity());

  const auto ids = test::some_ids(1, 6);
  const auto ask = [&](const connector::Adapter& adapter, const Tokens& tokens) {
    return test::logits(
        decoder, ids,
        test::attachments_of({connector::connection_of("camera", adapter)}, {{"camera", tokens}}, 6).get());
  };
  const auto day = around(1.2, 1, 3);
  CHECK(at::equal(ask(gated, day), ask(bare, day)));
  CHECK(at::equal(ask(gated, around(-1.2, 1, 4)), test::logits(decoder, ids)));
}
