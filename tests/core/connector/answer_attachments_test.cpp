// What one answer sees: absence, early blocks, missing samples, beams, gradients, low rank of several connections.

#include "core/connector/answer_attachments.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <set>

#include "core/model/generate.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using connector::Tokens;

namespace {

constexpr int kLayers = 6;

struct Fixture {
  c10::NoGradGuard no_gradients;
  model::DecoderSpec spec = test::llama_spec();
  model::Decoder decoder = test::small_decoder(spec);

  std::unique_ptr<connector::AnswerAttachments> one(const Tokens& tokens,
                                                    const test::AdapterMaker& maker = {}) const {
    return test::attachments_of({test::connect("camera", spec, maker)}, {{"camera", tokens}}, kLayers);
  }
};

at::Tensor longs(const std::vector<std::int64_t>& values) {
  return at::tensor(values);
}

}  // namespace

TEST_CASE("a connection without a sample is absent, bit for bit") {
  Fixture f;
  const auto ids = test::some_ids(2, 6);
  const auto text_only = test::logits(f.decoder, ids);
  const auto answer = test::attachments_of({test::connect("camera", f.spec, {.lora = true})}, {}, kLayers);
  CHECK(answer->first_block() == kLayers);
  CHECK(answer->active().empty());
  CHECK(at::equal(test::logits(f.decoder, ids, answer.get()), text_only));

  auto nothing_seen = test::some_tokens(2, 4, 1);
  nothing_seen.present = at::zeros({2, 4}, at::kBool);
  const auto blind = f.one(nothing_seen, {.lora = true});
  CHECK(blind->first_block() == kLayers);
  CHECK(at::equal(test::logits(f.decoder, ids, blind.get()), text_only));
}

TEST_CASE("blocks before the first connected one are identical with and without a connection") {
  Fixture f;
  const auto answer = f.one(test::some_tokens(1, 4, 1), {.blocks = "3,5", .lora = true});
  CHECK(answer->first_block() == 3);
  model::Pass with;
  with.attachments = answer.get();
  const auto hidden = f.decoder.embed(test::some_ids(2, 6));
  CHECK(at::equal(f.decoder.forward(0, 3, hidden, with), f.decoder.forward(0, 3, hidden)));
  const auto at_three = f.decoder.forward(0, 3, hidden);
  const auto after = f.decoder.forward(3, 4, at_three, with);
  CHECK_FALSE(at::equal(after, f.decoder.forward(3, 4, at_three)));
  CHECK(at::equal(f.decoder.forward(4, 5, after, with),
                  f.decoder.forward(4, 5, after)));  // between two connected
}

TEST_CASE("in a batch, a row without a sample is answered as text alone and the others as by themselves") {
  Fixture f;
  const auto ids = test::some_ids(3, 6);
  const std::vector<std::optional<Tokens>> rows{test::some_tokens(1, 4, 1), std::nullopt,
                                                test::some_tokens(1, 2, 2)};
  const test::AdapterMaker maker{.lora = true};
  for (const auto path : {model::AttentionPath::Joint, model::AttentionPath::Merged}) {
    const auto batch = test::logits(f.decoder, ids, f.one(*connector::batch_of(rows), maker).get(), path);
    const double scale = batch.abs().max().item<double>();
    for (std::int64_t row = 0; row < 3; ++row) {
      const auto& sample = rows[static_cast<std::size_t>(row)];
      const auto alone = sample ? f.one(*sample, maker) : nullptr;
      const auto single = test::logits(f.decoder, ids.slice(0, row, row + 1), alone.get(), path);
      CHECK(test::distance(batch[row], single[0]) < 1e-5 * scale);
    }
  }
}

TEST_CASE("one sample serves every row of a batch") {
  Fixture f;
  const auto ids = test::some_ids(3, 6);
  const auto sample = test::some_tokens(1, 4, 1);
  const auto batch = test::logits(f.decoder, ids, f.one(sample).get());
  const auto repeated = f.one({sample.values.expand({3, 4, 12}), {}});
  CHECK(test::distance(batch, test::logits(f.decoder, ids, repeated.get())) <
        1e-5 * batch.abs().max().item<double>());
}

TEST_CASE("selected rows keep their own samples, masks and low rank") {
  Fixture f;
  auto tokens = test::some_tokens(3, 4, 1);
  tokens.present = at::ones({3, 4}, at::kBool);
  tokens.present[0][1] = false;
  tokens.present[2].fill_(false);
  const auto rows = longs({2, 0, 0, 1});
  const auto ids = test::some_ids(3, 6);
  const auto answer = f.one(tokens, {.lora = true});
  const auto before = test::logits(f.decoder, ids, answer.get());
  answer->select_rows(rows);
  const auto after = test::logits(f.decoder, ids.index_select(0, rows), answer.get());
  CHECK(test::distance(after, before.index_select(0, rows)) < 1e-5 * before.abs().max().item<double>());
}

TEST_CASE("beams of a batch give what beams of each row alone give") {
  Fixture f;
  const auto decoder = test::small_decoder(f.spec, 21);
  const std::vector<model::Ids> prompts{{5, 9, 33, 12}, {40, 2, 8, 17}};
  const auto samples = test::some_tokens(2, 4, 6);
  model::GenerateOptions options;
  options.beams = 3;
  options.max_new_tokens = 8;
  const auto batch = model::generate(decoder, prompts, options, f.one(samples, {.lora = true}).get());
  for (std::size_t row = 0; row < 2; ++row) {
    const auto one = static_cast<std::int64_t>(row);
    const Tokens sample{samples.values.slice(0, one, one + 1), {}};
    const auto alone = model::generate(decoder, {prompts[row]}, options, f.one(sample, {.lora = true}).get());
    CHECK(batch[row].ids == alone[0].ids);
    CHECK(batch[row].score == Catch::Approx(alone[0].score).margin(1e-4));
  }
}

TEST_CASE("low-rank branches begin as nothing and add up") {
  Fixture f;
  const auto view = f.decoder.block(4);
  const auto normed = view.attention_norm(f.decoder.embed(test::some_ids(2, 5)));
  const connector::Adapter fresh(test::info_for(f.spec, {.lora = true}));
  const auto none = fresh.lora()->delta(4, normed);
  CHECK(none.k.abs().max().item<float>() == 0.0F);
  CHECK_FALSE(fresh.lora()->delta(2, normed).k.defined());

  const auto a = test::connect("a", f.spec, {.blocks = "4,5", .seed = 1, .lora = true});
  const auto b = test::connect("b", f.spec, {.blocks = "3,4", .seed = 2, .lora = true});
  const auto tokens = test::some_tokens(1, 4, 1);
  const auto both = test::attachments_of({a, b}, {{"a", tokens}, {"b", tokens}}, kLayers);
  const auto sum = both->kv_delta(view, normed);
  CHECK(at::equal(sum.k, a->lora->delta(4, normed).k + b->lora->delta(4, normed).k));
  CHECK(at::equal(sum.v, a->lora->delta(4, normed).v + b->lora->delta(4, normed).v));

  const auto only_a =
      test::attachments_of({a, b}, {{"a", tokens}}, kLayers);  // b leaves, and its low rank with it
  CHECK(at::equal(only_a->kv_delta(view, normed).k, a->lora->delta(4, normed).k));
  CHECK(only_a->first_block() == 4);
  CHECK(both->first_block() == 3);
}

TEST_CASE("gradients reach the aligner, the links and the low rank, and nothing else") {
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  auto info = test::info_for(spec, {.lora = true});
  const connector::Adapter adapter(info);
  adapter.require_gradients(true);
  const auto tokens = test::some_tokens(2, 4, 1);
  const auto answer =
      test::attachments_of({connector::connection_of("camera", adapter)}, {{"camera", tokens}}, kLayers);
  const auto out = test::logits(decoder, test::some_ids(2, 6), answer.get());
  REQUIRE(out.requires_grad());
  out.square().mean().backward();

  for (const auto& [name, parameter] : adapter.parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    // While the up map is 0, nothing has reached the down map yet: LoRA's usual start.
    const bool asleep = name.ends_with(".down");
    CHECK((parameter.grad().abs().max().item<float>() > 0.0F) == !asleep);
  }
  for (const auto& [name, weight] : decoder.named_tensors()) {
    INFO(name);
    CHECK_FALSE(weight.requires_grad());
    CHECK_FALSE(weight.grad().defined());
  }
  CHECK_FALSE(tokens.values.grad().defined());
}

TEST_CASE("gradients of a connection equal finite differences") {
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  const auto adapter = test::adapter_for(spec, {.lora = true});
  auto tokens = test::some_tokens(2, 4, 1);
  tokens.present = at::ones({2, 4}, at::kBool);
  tokens.present[1][3] = false;
  const auto loss = [&] {
    const auto answer =
        test::attachments_of({connector::connection_of("camera", adapter)}, {{"camera", tokens}}, kLayers);
    return test::logits(decoder, test::some_ids(2, 5), answer.get(), model::AttentionPath::Joint)
        .square()
        .mean();
  };
  adapter.require_gradients(true);
  loss().backward();
  adapter.require_gradients(false);
  const std::set<std::string> probed{"aligner.k.in.weight", "aligner.v.out.bias", "links.w", "lora.4.k.down",
                                     "lora.5.v.up"};
  for (const auto& [name, parameter] : adapter.parameters()) {
    if (!probed.contains(name)) continue;
    INFO(name);
    // Along the gradient itself: the direction in which single precision sees the most.
    const auto gradient = parameter.grad();
    const double length = gradient.norm().item<double>();
    const double step = 1e-2;
    const auto move = [&](double by) { parameter.add_(gradient, by / length); };
    move(step);
    const double above = loss().item<double>();
    move(-2 * step);
    const double below = loss().item<double>();
    move(step);
    CHECK((above - below) / (2 * step) == Catch::Approx(length).epsilon(0.03));
  }
}

TEST_CASE("columns stand in the order of ids, whichever was attached first") {
  Fixture f;
  const auto tokens = test::some_tokens(1, 4, 1);
  const auto a = test::connect("a", f.spec, {.seed = 1});
  const auto b = test::connect("b", f.spec, {.seed = 2});
  const auto answer = test::attachments_of({b, a}, {{"a", tokens}, {"b", tokens}}, kLayers);
  CHECK(answer->active() == std::vector<std::string>{"a", "b"});
  const auto segments = answer->segments(f.decoder.block(4), f.decoder.embed(test::some_ids(1, 3)));
  REQUIRE(segments.size() == 2);
  CHECK(at::equal(segments[0].k,
                  static_cast<const connector::LateKvSource&>(*a->source).aligner()(tokens.values).k));
  CHECK(answer->segments(f.decoder.block(2), f.decoder.embed(test::some_ids(1, 3))).empty());
}
