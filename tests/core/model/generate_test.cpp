#include "core/model/generate.hpp"

#include <limits>

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using test_models::each_family;
using test_models::FixedAttachments;
using test_models::near;
using test_models::segment_of;

const std::vector<Ids> kPrompts = {{3, 9, 27, 31}, {5, 6}, {44, 8, 15, 16, 23, 42}};

GenerateOptions of_length(std::int64_t tokens) {
  GenerateOptions options;
  options.max_new_tokens = tokens;
  options.ignore_eos = true;
  return options;
}

TEST_CASE("options and prompts that cannot work are refused by name") {
  const Decoder decoder = each_family()[0];
  const auto refused = [&](const auto& change) {
    GenerateOptions options;
    change(options);
    return test::thrown_by([&] { generate(decoder, kPrompts, options); }).message;
  };
  CHECK_THAT(refused([](auto& o) { o.max_new_tokens = 0; }), Catch::Contains("max_new_tokens"));
  CHECK_THAT(refused([](auto& o) { o.temperature = 0.0; }), Catch::Contains("temperature"));
  CHECK_THAT(refused([](auto& o) { o.top_p = 0.0; }), Catch::Contains("top_p"));
  CHECK_THAT(refused([](auto& o) { o.repetition_penalty = 0.0; }), Catch::Contains("repetition_penalty"));
  CHECK_THAT(refused([](auto& o) { o.beams = 0; }), Catch::Contains("beams"));
  CHECK_THAT(refused([](auto& o) { o.beams = 2, o.sample = true; }), Catch::Contains("exclude"));
  CHECK_THAT(refused([](auto& o) { o.eos = {50}; }), Catch::Contains("eos"));
  CHECK(test::thrown_by([&] { generate(decoder, std::vector<Ids>{}, {}); }).mentions("no prompt"));
  CHECK(test::thrown_by([&] { generate(decoder, {{3}, {}}, {}); }).mentions("empty prompt"));
  CHECK(test::thrown_by([&] { generate(decoder, {Ids(65, 3)}, {}); }).mentions("64 positions"));
}

TEST_CASE("scores that are not numbers are an error, not an answer") {
  const Decoder damaged = each_family()[0].trainable(0, 0, true).frozen();
  damaged.outer().final_norm.weight.detach().fill_(std::numeric_limits<float>::quiet_NaN());
  const auto thrown = test::thrown_by([&] { generate(damaged, {{3, 4}}, {}); });
  CHECK(thrown.code == Errc::FailedPrecondition);
  CHECK(thrown.mentions("not numbers"));
}

TEST_CASE("a cancelled answer stops before its next token") {
  const Decoder decoder = each_family()[0];
  GenerateOptions options = of_length(10);
  std::size_t tokens = 0;
  options.on_token = [&](std::size_t, std::int64_t) {
    if (++tokens == 3) options.cancel.cancel();
  };
  CHECK(test::thrown_by([&] { generate(decoder, {{3, 4}}, options); }).code == Errc::Cancelled);
  CHECK(tokens == 3);
}

TEST_CASE("a batch gives each prompt what it gets alone, greedy and with beams") {
  for (const Decoder& decoder : each_family()) {
    for (const std::int64_t beams : {1, 3}) {
      GenerateOptions options = of_length(12);
      options.beams = beams;
      options.repetition_penalty = 1.2;
      const auto together = generate(decoder, kPrompts, options);
      for (std::size_t i = 0; i < kPrompts.size(); ++i) {
        const Answer alone = generate(decoder, {kPrompts[i]}, options).front();
        CHECK(together[i].ids == alone.ids);
        if (beams == 1) CHECK(near(together[i].last_logits, alone.last_logits));
        CHECK(together[i].score == Catch::Approx(alone.score).margin(1e-5));
      }
    }
  }
}

TEST_CASE("the last logits are those the uncached model gives before the last token") {
  for (const Decoder& decoder : each_family()) {
    const Answer answer = generate(decoder, {kPrompts[0]}, of_length(8)).front();
    Ids all = kPrompts[0];
    all.insert(all.end(), answer.ids.begin(), answer.ids.end() - 1);
    const at::NoGradGuard no_gradients;
    const at::Tensor ids = at::tensor(at::ArrayRef<std::int64_t>(all)).unsqueeze(0);
    const at::Tensor logits = decoder.head(decoder.forward(0, 4, decoder.embed(ids)))[0][-1];
    CHECK(near(answer.last_logits, logits));
    CHECK(logits.argmax().item<std::int64_t>() == answer.ids.back());
  }
}

TEST_CASE("an eos id ends an answer and is its last id, unless it is ignored or too early") {
  const Decoder decoder = each_family()[0];
  const Ids free = generate(decoder, {kPrompts[0]}, of_length(10)).front().ids;
  GenerateOptions options;
  options.max_new_tokens = 10;
  options.eos = {free[3]};
  const std::size_t first =
      static_cast<std::size_t>(std::find(free.begin(), free.end(), free[3]) - free.begin());
  const Answer ended = generate(decoder, {kPrompts[0]}, options).front();
  CHECK(ended.ids == Ids(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(first) + 1));
  CHECK(ended.reason == StopReason::Eos);
  options.min_new_tokens = 10;
  const Answer forced = generate(decoder, {kPrompts[0]}, options).front();
  CHECK(forced.ids.size() == 10);
  CHECK(std::count(forced.ids.begin(), forced.ids.end(), free[3]) == 0);
}

TEST_CASE("a stop callback ends its row and no other") {
  const Decoder decoder = each_family()[1];
  GenerateOptions options = of_length(6);
  options.stop = [](std::size_t row, std::span<const std::int64_t> ids) {
    return row == 1 && ids.size() == 2;
  };
  const auto answers = generate(decoder, kPrompts, options);
  CHECK(answers[1].ids.size() == 2);
  CHECK(answers[1].reason == StopReason::Stop);
  CHECK(answers[0].ids.size() == 6);
  CHECK(answers[0].reason == StopReason::Length);
}

TEST_CASE("tokens stream in the order of the answer") {
  const Decoder decoder = each_family()[1];
  for (const std::int64_t beams : {1, 2}) {
    GenerateOptions options = of_length(6);
    options.beams = beams;
    std::vector<Ids> streamed(kPrompts.size());
    options.on_token = [&](std::size_t row, std::int64_t id) { streamed[row].push_back(id); };
    const auto answers = generate(decoder, kPrompts, options);
    for (std::size_t row = 0; row < kPrompts.size(); ++row) CHECK(streamed[row] == answers[row].ids);
  }
}

TEST_CASE("an answer ends where the model has no more positions") {
  const Decoder decoder = each_family()[1];
  const Answer answer = generate(decoder, {Ids(60, 4)}, of_length(20)).front();
  CHECK(answer.ids.size() == 5);
  CHECK(answer.reason == StopReason::Length);
}

TEST_CASE("sampling repeats with its seed, and narrows to greedy") {
  const Decoder decoder = each_family()[0];
  GenerateOptions options = of_length(12);
  const Ids greedy = generate(decoder, {kPrompts[0]}, options).front().ids;
  options.sample = true;
  options.seed = 3;
  options.temperature = 3.0;
  const Ids drawn = generate(decoder, {kPrompts[0]}, options).front().ids;
  CHECK(drawn == generate(decoder, {kPrompts[0]}, options).front().ids);
  options.seed = 4;
  CHECK(drawn != generate(decoder, {kPrompts[0]}, options).front().ids);
  options.top_k = 1;
  CHECK(greedy == generate(decoder, {kPrompts[0]}, options).front().ids);
  options.top_k = 0;
  options.top_p = 1e-6;
  CHECK(greedy == generate(decoder, {kPrompts[0]}, options).front().ids);
}

TEST_CASE("a prefix serves many answers and gives the bits of a whole run") {
  for (const Decoder& decoder : each_family()) {
    FixedAttachments attached({{2, {segment_of(decoder.spec(), 1, 3)}}});
    const Prefix prefix = make_prefix(decoder, kPrompts, 2, 8);
    const auto whole = generate(decoder, kPrompts, of_length(8), &attached);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const auto answers = generate(decoder, prefix, of_length(8), &attached);
      for (std::size_t i = 0; i < kPrompts.size(); ++i) {
        CHECK(answers[i].ids == whole[i].ids);
        CHECK(at::equal(answers[i].last_logits, whole[i].last_logits));
      }
    }
    const auto plain = generate(decoder, prefix, of_length(8));
    CHECK(plain[0].ids == generate(decoder, {kPrompts[0]}, of_length(8))[0].ids);
    const Prefix too_far = make_prefix(decoder, kPrompts, 3, 8);
    CHECK(test::thrown_by([&] { generate(decoder, too_far, of_length(8), &attached); }).code ==
          Errc::InvalidArgument);
  }
}

TEST_CASE("attached rows follow their beams") {
  for (const Decoder& decoder : each_family()) {
    const Segment segment = segment_of(decoder.spec(), 3, 4);
    GenerateOptions options = of_length(8);
    options.beams = 3;
    FixedAttachments together({{1, {segment}}});
    const auto answers = generate(decoder, kPrompts, options, &together);
    for (std::int64_t i = 0; i < 3; ++i) {
      Segment own;
      own.k = segment.k.narrow(0, i, 1);
      own.v = segment.v.narrow(0, i, 1);
      FixedAttachments alone({{1, {own}}});
      const auto row = static_cast<std::size_t>(i);
      CHECK(generate(decoder, {kPrompts[row]}, options, &alone).front().ids == answers[row].ids);
    }
  }
}

}  // namespace
}  // namespace lateral::model
