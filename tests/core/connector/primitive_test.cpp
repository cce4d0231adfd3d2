// The rules of key and value injection (docs of methods, section 1), each as a test on a decoder.

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "core/base/error.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using model::Segment;

namespace {

constexpr int kLayers = 6;

struct Fixture {
  c10::NoGradGuard no_gradients;
  model::DecoderSpec spec = test::llama_spec();
  model::Decoder decoder = test::small_decoder(spec);
  at::Tensor ids = test::some_ids(1, 6);
  at::Tensor text_only = test::logits(decoder, ids);

  Segment segment(std::int64_t count, std::uint64_t seed = 11) const {
    Segment made;
    made.k = test::some_tokens(spec.kv_heads, count, seed, spec.head_dim).values.unsqueeze(0) * 2.0;
    made.v = test::some_tokens(spec.kv_heads, count, seed + 1, spec.head_dim).values.unsqueeze(0) * 2.0;
    return made;
  }
  at::Tensor run(const Segment& segment, const std::string& blocks = "last:3",
                 model::AttentionPath path = model::AttentionPath::Auto) const {
    return test::logits(decoder, ids, test::with_segment(spec, blocks, segment).get(), path);
  }
};

double deviation(const at::Tensor& a, const at::Tensor& b) {
  return test::distance(a, b) / b.abs().max().item<double>();
}

}  // namespace

TEST_CASE("rule 1: zero keys are not absent, masked columns are") {
  Fixture f;
  Segment zeros;
  zeros.k = at::zeros({1, 2, 24, 8});
  zeros.v = at::zeros({1, 2, 24, 8});
  CHECK(deviation(f.run(zeros), f.text_only) > 0.1);

  Segment masked = f.segment(24);
  masked.present = at::zeros({1, 24}, at::kBool);
  for (const auto path : {model::AttentionPath::Joint, model::AttentionPath::Merged}) {
    CHECK(deviation(f.run(masked, "last:3", path), f.text_only) < 2e-6);
  }
}

TEST_CASE("rule 1: zero keys leave each head the share s / (s + M) of its text-only output") {
  Fixture f;
  auto block = test::oracle_block(f.decoder, 5);
  const auto x =
      test::matrix(f.decoder.embed(f.ids)[0].slice(0, 0, 1));  // one text column: s = exp(q k / sqrt(h))
  oracle::Segment zeros;
  zeros.k = zeros.v = oracle::Matrix(24, 16);
  model::Segment segment;
  segment.k = segment.v = at::zeros({1, 2, 24, 8});
  const auto answer = test::with_segment(f.spec, "5", segment);
  model::Pass pass;
  pass.attachments = answer.get();
  const auto found = f.decoder.forward(5, 6, f.decoder.embed(f.ids.slice(1, 0, 1)), pass)[0];
  CHECK(test::distance(found, test::tensor(oracle::forward(block, x, {zeros}))) < 1e-5);
  CHECK(test::distance(found, test::tensor(oracle::forward(block, x))) > 1e-2);
}

TEST_CASE("rule 2: a link of 0 does not disconnect: it is as bad as zero keys") {
  Fixture f;
  Segment closed = f.segment(24);
  closed.alpha = at::scalar_tensor(0.0);
  Segment zeros = f.segment(24);
  zeros.k = at::zeros_like(zeros.k);
  zeros.v = at::zeros_like(zeros.v);
  CHECK(deviation(f.run(closed), f.run(zeros)) < 1e-6);
  CHECK(deviation(f.run(closed), f.text_only) > 0.1);
}

TEST_CASE("rule 3: a link folded into the scores equals scaled keys and values") {
  Fixture f;
  Segment linked = f.segment(7);
  linked.alpha = at::scalar_tensor(0.37);
  Segment scaled = f.segment(7);
  scaled.k = scaled.k * 0.37;
  scaled.v = scaled.v * 0.37;
  CHECK(deviation(f.run(linked), f.run(scaled)) < 1e-5);
}

TEST_CASE("rule 4: a gated segment at gate 0 is exactly the text-only model, and felt beyond it") {
  Fixture f;
  Segment gated = f.segment(7);
  gated.merge = model::Merge::Gated;
  gated.gate = at::scalar_tensor(0.0);
  for (const auto path : {model::AttentionPath::Joint, model::AttentionPath::Merged}) {
    CHECK(at::equal(f.run(gated, "last:3", path), test::logits(f.decoder, f.ids, nullptr, path)));
  }
  gated.gate = at::scalar_tensor(0.5);
  CHECK(deviation(f.run(gated), f.text_only) > 1e-2);

  const auto hidden = f.decoder.embed(f.ids);
  oracle::Segment expected;
  expected.k = test::matrix(gated.k[0].transpose(0, 1).reshape({7, 16}));
  expected.v = test::matrix(gated.v[0].transpose(0, 1).reshape({7, 16}));
  expected.gated = true;
  expected.gate = 0.5;
  const auto answer = test::with_segment(f.spec, "5", gated);
  model::Pass pass;
  pass.attachments = answer.get();
  const auto oracle = oracle::forward(test::oracle_block(f.decoder, 5), test::matrix(hidden[0]), {expected});
  CHECK(test::distance(f.decoder.forward(5, 6, hidden, pass)[0], test::tensor(oracle)) < 2e-5);
}

TEST_CASE("rule 4: a gated segment of which a row sees nothing adds nothing to that row") {
  Fixture f;
  Segment gated = f.segment(7);
  gated.merge = model::Merge::Gated;
  gated.gate = at::scalar_tensor(0.5);
  gated.present = at::zeros({1, 7}, at::kBool);
  for (const auto path : {model::AttentionPath::Joint, model::AttentionPath::Merged}) {
    CHECK(deviation(f.run(gated, "last:3", path), f.text_only) < 2e-6);
  }
}

TEST_CASE("rule 6: keys have the width of the grouped heads, and others are refused") {
  Fixture f;
  Segment wide;
  wide.k = wide.v = at::zeros({1, 4, 3, 8});  // heads instead of kv_heads
  CHECK_THROWS_AS(f.run(wide), Error);
  Segment none;
  none.k = none.v = at::zeros({1, 2, 0, 8});
  CHECK_THROWS_AS(f.run(none), Error);
}

TEST_CASE("rule 7: a bias on the scores places a modality near or far; unrotated keys stand at position 0") {
  Fixture f;
  Segment biased = f.segment(4);
  biased.score_bias = test::some_tokens(1, 6, 5, 4).values.unsqueeze(1);  // [1, 1, T, M]
  const auto hidden = f.decoder.embed(f.ids);
  const auto answer = test::with_segment(f.spec, "5", biased);
  model::Pass pass;
  pass.attachments = answer.get();
  oracle::Segment expected;
  expected.k = test::matrix(biased.k[0].transpose(0, 1).reshape({4, 16}));
  expected.v = test::matrix(biased.v[0].transpose(0, 1).reshape({4, 16}));
  expected.score_bias = test::matrix(biased.score_bias[0][0]);
  const auto oracle = oracle::forward(test::oracle_block(f.decoder, 5), test::matrix(hidden[0]), {expected});
  CHECK(test::distance(f.decoder.forward(5, 6, hidden, pass)[0], test::tensor(oracle)) < 2e-5);
}

TEST_CASE(
    "rule 7: text begins at position 0 with or without a modality, whose keys stay at 0 as the text moves "
    "on") {
  Fixture f;
  const auto view = f.decoder.block(4);
  const auto keys = f.segment(4).k;
  CHECK(test::distance(view.rotate(keys, at::zeros({1, 4}, at::kLong)), keys) == 0.0);

  const auto run = [&](std::int64_t first, model::Attachments* attached) {
    model::Pass pass;
    pass.attachments = attached;
    pass.positions = at::arange(first, first + 6).unsqueeze(0);
    return f.decoder.head(f.decoder.forward(0, kLayers, f.decoder.embed(f.ids, pass.positions), pass));
  };
  CHECK(deviation(run(100, nullptr), run(0, nullptr)) < 1e-4);  // text among itself sees distances only
  const auto answer = test::with_segment(f.spec, "last:3", f.segment(4));
  CHECK(at::equal(run(0, answer.get()), f.run(f.segment(4))));
  CHECK(deviation(run(100, answer.get()), run(0, answer.get())) > 1e-3);
}

TEST_CASE("a residual branch is added to the states that enter its blocks, and nowhere else") {
  Fixture f;
  auto source = std::make_shared<test::FixedSource>(wiring::BlockSet::parse("4", kLayers), Segment{});
  source->residual = at::full({1}, 0.25);
  const auto answer = test::attachments_of({test::fixed("branch", source)},
                                           {{"branch", test::some_tokens(1, 1, 1)}}, kLayers);
  const auto before = f.decoder.forward(0, 4, f.decoder.embed(f.ids));
  const auto expected = f.decoder.head(f.decoder.forward(4, 6, before + 0.25));
  CHECK(at::equal(test::logits(f.decoder, f.ids, answer.get()), expected));
}
