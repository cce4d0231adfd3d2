#include "core/model/decoder.hpp"

#include "core/model/text_scores.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using test_models::apart;
using test_models::each_family;
using test_models::FixedAttachments;
using test_models::ids_of;
using test_models::near;
using test_models::segment_of;
using test_models::SegmentsByBlock;

at::Tensor run(const Decoder& decoder, const at::Tensor& ids, const Pass& pass = {}) {
  return decoder.forward(0, decoder.spec().layers, decoder.embed(ids, pass.positions), pass);
}

TEST_CASE("wrong ids, shapes, ranges and positions are refused") {
  for (const Decoder& decoder : each_family()) {
    const at::NoGradGuard no_gradients;
    CHECK(test::thrown_by([&] {
            decoder.embed(at::full({1, 2}, 50, at::kLong));
          }).mentions("50 is outside [0, 50)"));
    CHECK(test::thrown_by([&] {
            decoder.embed(at::full({1, 2}, -1, at::kLong));
          }).code == Errc::InvalidArgument);
    CHECK(test::thrown_by([&] { decoder.embed(at::ones({1, 2})); }).code == Errc::InvalidArgument);
    const at::Tensor hidden = decoder.embed(ids_of(1, 3, 0));
    CHECK(test::thrown_by([&] { decoder.forward(0, 5, hidden); }).mentions("a model with 4"));
    CHECK(test::thrown_by([&] { decoder.forward(2, 1, hidden); }).code == Errc::InvalidArgument);
    CHECK(test::thrown_by([&] { decoder.forward(0, 4, hidden.squeeze(0)); }).mentions("[batch, T, 24]"));
    CHECK(test::thrown_by([&] { run(decoder, ids_of(1, 65, 0)); }).mentions("outside [0, 64)"));
    Pass pass;
    pass.visible = at::ones({1, 3, 4}, at::kBool);
    CHECK(test::thrown_by([&] { decoder.forward(0, 4, hidden, pass); }).mentions("visible"));
  }
}

TEST_CASE("a cache is refused while gradients are recorded") {
  const Decoder decoder = each_family()[0];
  KvCache cache(decoder.spec(), 8);
  Pass pass;
  pass.cache = &cache;
  CHECK(test::thrown_by([&] { run(decoder, ids_of(1, 3, 0), pass); }).code == Errc::FailedPrecondition);
}

TEST_CASE("two ranges of blocks give the bits of one") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    const at::Tensor hidden = decoder.embed(ids_of(2, 9, 0));
    const at::Tensor whole = decoder.forward(0, 4, hidden);
    for (std::int64_t middle = 0; middle <= 4; ++middle) {
      CHECK(at::equal(decoder.forward(middle, 4, decoder.forward(0, middle, hidden)), whole));
    }
  }
}

TEST_CASE("token by token, in chunks, and at once agree") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    const at::Tensor ids = ids_of(2, 11, 1);
    const at::Tensor whole = run(decoder, ids);
    for (const std::int64_t chunk : {1, 4}) {
      KvCache cache(decoder.spec(), 4);
      std::vector<at::Tensor> parts;
      for (std::int64_t first = 0; first < 11; first += chunk) {
        Pass pass;
        pass.cache = &cache;
        const at::Tensor part = ids.narrow(1, first, std::min(chunk, 11 - first));
        pass.positions = at::arange(first, first + part.size(1), at::kLong).unsqueeze(0);
        parts.push_back(run(decoder, part, pass));
      }
      INFO(apart(at::cat(parts, 1), whole));
      CHECK(near(at::cat(parts, 1), whole, 3e-5));
    }
  }
}

TEST_CASE("rows padded on the left agree with the same rows alone, at once and with a cache") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    const at::Tensor alone = ids_of(1, 5, 2);
    const at::Tensor ids = at::cat({at::cat({at::zeros({1, 4}, at::kLong), alone}, 1), ids_of(1, 9, 3)});
    const at::Tensor valid = at::cat({at::zeros({1, 4}, at::kBool), at::ones({1, 5}, at::kBool)}, 1);
    Pass pass;
    pass.valid = at::cat({valid, at::ones({1, 9}, at::kBool)});
    pass.positions = positions_of(pass.valid);
    const at::Tensor expected = run(decoder, alone);
    CHECK(near(run(decoder, ids, pass).narrow(0, 0, 1).narrow(1, 4, 5), expected));

    KvCache cache(decoder.spec(), 9);
    const at::Tensor positions = pass.positions;
    pass.cache = &cache;
    pass.valid = pass.valid.narrow(1, 0, 8);
    pass.positions = positions.narrow(1, 0, 8);
    run(decoder, ids.narrow(1, 0, 8), pass);
    pass.valid = at::Tensor();
    pass.positions = positions.narrow(1, 8, 1);
    CHECK(near(run(decoder, ids.narrow(1, 8, 1), pass)[0], expected[0].narrow(0, 4, 1)));
  }
}

TEST_CASE("a mask of the caller's own replaces the causal one") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    const at::Tensor ids = ids_of(1, 6, 4);
    Pass pass;
    pass.visible = at::ones({1, 6, 6}, at::kBool).tril();
    const bool slides = !decoder.spec().windows.empty();  // the caller's mask stands instead of windows too
    CHECK(near(run(decoder, ids, pass), run(decoder, ids)) == !slides);
    if (slides) continue;
    pass.visible = pass.visible.clone();
    pass.visible.narrow(1, 3, 3).narrow(2, 0, 3).fill_(false);  // the second half sees only itself
    const at::Tensor hidden = decoder.embed(ids);
    Pass late;
    late.positions = at::arange(3, 6, at::kLong).unsqueeze(0);
    CHECK(near(decoder.forward(0, 4, hidden, pass).narrow(1, 3, 3),
               decoder.forward(0, 4, hidden.narrow(1, 3, 3), late)));
  }
}

TEST_CASE("blocks below the first attached one have the bits of the plain model") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    FixedAttachments attached({{2, {segment_of(decoder.spec(), 1, 3)}}});
    Pass pass;
    pass.attachments = &attached;
    const at::Tensor hidden = decoder.embed(ids_of(2, 6, 5));
    CHECK(at::equal(decoder.forward(0, 2, hidden, pass), decoder.forward(0, 2, hidden)));
    CHECK(apart(decoder.forward(0, 4, hidden, pass), decoder.forward(0, 4, hidden)) > 0.01);
    CHECK(attached.asked.count(1) == 0);
    CHECK(attached.asked[2] == 1);
  }
}

TEST_CASE("attachments that have nothing for a block leave its bits alone") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    FixedAttachments empty(SegmentsByBlock{{0, std::vector<Segment>{}}});
    Pass pass;
    pass.attachments = &empty;
    CHECK(at::equal(run(decoder, ids_of(2, 6, 5), pass), run(decoder, ids_of(2, 6, 5))));
  }
}

TEST_CASE("both attention paths agree through the whole decoder, cached and not, padded or not") {
  for (const Decoder& decoder : each_family()) {
    auto segment = segment_of(decoder.spec(), 2, 3);
    segment.present = at::tensor({1, 0, 1, 0, 0, 0}, at::kLong).to(at::kBool).view({2, 3});
    FixedAttachments attached({{1, {segment}}, {3, {segment, segment_of(decoder.spec(), 1, 2)}}});
    Pass pass;
    pass.attachments = &attached;
    pass.valid = at::ones({2, 7}, at::kBool);
    pass.valid[0][0] = false;
    pass.positions = positions_of(pass.valid);
    const at::Tensor joint = run(decoder, ids_of(2, 7, 6), pass);
    const at::NoGradGuard no_gradients;
    pass.path = AttentionPath::Merged;
    CHECK(near(run(decoder, ids_of(2, 7, 6), pass)[1], joint[1]));
    CHECK(near(run(decoder, ids_of(2, 7, 6), pass)[0].narrow(0, 1, 6), joint[0].narrow(0, 1, 6)));
    KvCache cache(decoder.spec(), 7);
    pass.cache = &cache;
    CHECK(near(run(decoder, ids_of(2, 7, 6), pass)[1], joint[1]));
  }
}

/// One change of each other kind at block 1.
class Changes final : public FixedAttachments {
 public:
  explicit Changes(const DecoderSpec& spec)
      : FixedAttachments(SegmentsByBlock{{1, std::vector<Segment>{}}}),
        k(at::randn({1, 4, spec.kv_width()})) {}
  std::optional<at::Tensor> branch(const BlockView& block, const at::Tensor& hidden) override {
    return block.index() == 1 ? std::optional(0.5 * hidden) : std::nullopt;
  }
  KvDelta kv_delta(const BlockView& block, const at::Tensor&) override {
    return block.index() == 1 ? KvDelta{k, {}} : KvDelta{};
  }
  at::Tensor k;
};

TEST_CASE("a branch is added before the block, a delta to the keys before they are rotated") {
  const at::NoGradGuard no_gradients;
  for (const Decoder& decoder : each_family()) {
    Changes changes(decoder.spec());
    Pass pass;
    pass.attachments = &changes;
    const at::Tensor hidden = decoder.embed(ids_of(1, 4, 0));
    const BlockView view = decoder.block(1);
    const at::Tensor x = 1.5 * hidden;
    const at::Tensor normed = view.attention_norm(x);
    const at::Tensor positions = at::arange(4, at::kLong).unsqueeze(0);
    const at::Tensor visible = causal_columns(4, 0, decoder.spec().window(1), at::kFloat).unsqueeze(0);
    TextColumns text{view.rotate(view.project_k(normed, changes.k), positions), view.project_v(normed),
                     text_scores(decoder.spec(), visible, positions, positions, at::kFloat)};
    const at::Tensor q = view.rotate(view.project_q(normed), positions);
    CHECK(near(decoder.forward(1, 2, hidden, pass), view.finish(x, attend(q, text, {}))));
  }
}

TEST_CASE("a trainable copy shares the frozen blocks and gets gradients only where it trains") {
  for (const Decoder& decoder : each_family()) {
    const Decoder copy = decoder.trainable(2, 4, false);
    CHECK(copy.block(0).weights().up.weight.is_same(decoder.block(0).weights().up.weight));
    const at::Tensor states = run(copy, ids_of(2, 5, 7));
    CHECK(near(states, run(decoder, ids_of(2, 5, 7))));
    copy.head(states).square().sum().backward();
    CHECK(copy.block(3).weights().up.weight.grad().abs().sum().item<double>() > 0.0);
    CHECK_FALSE(decoder.block(3).weights().up.weight.requires_grad());
    CHECK_FALSE(copy.outer().tokens.requires_grad());
    CHECK_FALSE(copy.frozen().block(3).weights().up.weight.requires_grad());
    CHECK(copy.frozen().block(3).weights().up.weight.const_data_ptr() ==
          copy.block(3).weights().up.weight.const_data_ptr());
  }
}

TEST_CASE("all parameters train, and a tied head stays tied") {
  for (const Decoder& decoder : each_family()) {
    const Decoder copy = decoder.trainable(0, 4, true);
    CHECK(copy.outer().head.is_same(copy.outer().tokens) == decoder.spec().tied_head);
    copy.head(run(copy, ids_of(2, 5, 7))).logsumexp(-1).sum().backward();
    for (const auto& [name, tensor] : copy.named_tensors()) {
      INFO(name);
      CHECK(tensor.grad().defined());
    }
  }
}

TEST_CASE("the same seed gives the same weights, another seed others") {
  const DecoderSpec spec = test_models::llama_spec();
  const at::Tensor weight = Decoder::random(spec, 5).block(2).weights().up.weight;
  CHECK(at::equal(weight, Decoder::random(spec, 5).block(2).weights().up.weight));
  CHECK_FALSE(at::equal(weight, Decoder::random(spec, 6).block(2).weights().up.weight));
  CHECK(test::thrown_by([&] { Decoder::random(spec, 5).blocks().release(0, 1); }).code ==
        Errc::FailedPrecondition);
}

TEST_CASE("a prompt whose bias would be large gives in pieces what it gives in calls of a few columns") {
  constexpr std::int64_t kLong = 2100;  // times itself and four heads: more than is made at once
  DecoderSpec spec = test_models::bloom_spec();
  spec.layers = 2;
  spec.max_positions = 4096;
  const Decoder decoder = Decoder::random(spec, 5, 0.3);
  const at::NoGradGuard no_gradients;
  const at::Tensor ids = ids_of(1, kLong, 3);
  const auto in_steps = [&](std::int64_t step) {
    KvCache cache(spec, kLong);
    Pass pass;
    pass.cache = &cache;
    std::vector<at::Tensor> states;
    for (std::int64_t first = 0; first < kLong; first += step)
      states.push_back(decoder.forward(0, 2, decoder.embed(ids.narrow(1, first, step)), pass));
    return at::cat(states, 1);
  };
  CHECK(near(in_steps(kLong), in_steps(300), 1e-4));
}

TEST_CASE("ALiBi's slopes halve from 2^(-8/n), and heads beyond a power of two stand between them") {
  CHECK(near(alibi_slopes(4), at::tensor({0.25, 0.0625, 0.015625, 0.00390625}), 1e-9));
  CHECK(near(alibi_slopes(6), at::tensor({0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125}), 1e-9));
  CHECK(near(alibi_slopes(1), at::tensor({0.00390625}), 1e-9));
}

TEST_CASE("a modality stands beside every row of an ALiBi model, however long the text before it") {
  const at::NoGradGuard no_gradients;
  const Decoder decoder = Decoder::random(test_models::bloom_spec(), 3, 0.3);
  const at::Tensor far = at::arange(5, at::kLong).unsqueeze(0) + 40;
  FixedAttachments attached({{1, {segment_of(decoder.spec(), 1, 4)}}});
  Pass here;
  here.attachments = &attached;
  Pass there = here;
  there.positions = far;
  const at::Tensor hidden = decoder.embed(ids_of(1, 5, 3));
  CHECK(near(decoder.forward(0, 4, hidden, here), decoder.forward(0, 4, hidden, there)));
}

TEST_CASE("a sliding window is the mask of its last columns") {
  const at::NoGradGuard no_gradients;
  const Decoder decoder = Decoder::random(test_models::mistral_spec(), 3, 0.3);
  DecoderSpec wide = test_models::mistral_spec();
  wide.windows.clear();
  const Decoder plain = Decoder::random(wide, 3, 0.3);
  const at::Tensor hidden = decoder.embed(ids_of(2, 7, 3));
  Pass masked;
  masked.visible = at::ones({7, 7}, at::kBool).tril().triu(-2).unsqueeze(0);
  const at::Tensor expected = plain.forward(0, 4, hidden, masked);
  CHECK(near(decoder.forward(0, 4, hidden), expected));
  CHECK_FALSE(near(plain.forward(0, 4, hidden), expected, 1e-2));
}

TEST_CASE("parallel residuals add attention and FFN of the same states") {
  const at::NoGradGuard no_gradients;
  const Decoder decoder = Decoder::random(test_models::gpt_neox_spec(), 3, 0.3);
  const BlockView view = decoder.block(0);
  const at::Tensor x = decoder.embed(ids_of(1, 4, 0));
  const at::Tensor merged = at::randn({1, 4, 4, 6});
  CHECK(near(view.finish(x, merged), x + view.attention_output(merged) + (view.ffn(x) - x)));
}

}  // namespace
}  // namespace lateral::model
