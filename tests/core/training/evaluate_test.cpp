#include "core/training/evaluate.hpp"

#include <ATen/ATen.h>

#include <atomic>

#include "core/base/error.hpp"
#include "core/format/bpe_trainer.hpp"
#include "core/training/token_cache.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using Catch::Approx;
using namespace lateral;
using namespace lateral::training;

namespace {

Example asked(std::string question, std::string answer, std::string type) {
  Example example;
  example.question = std::move(question);
  example.answer = std::move(answer);
  example.type = std::move(type);
  return example;
}

format::Tokenizer byte_tokenizer(const test::TemporaryFolder& folder) {
  format::BpeTrainerOptions options;
  options.vocab_size = 258;
  options.special_tokens = {"<bos>", "<eos>"};
  options.bos = "<bos>";
  options.eos = "<eos>";
  options.add_bos = true;
  format::BpeTrainer trainer(options);
  trainer.write(trainer.train(), folder.path());
  return format::Tokenizer::load(folder.path());
}

}  // namespace

TEST_CASE("answers are counted overall and by type") {
  const std::vector<Example> examples{asked("a?", "yes", "exist"), asked("b?", "two cars", "count"),
                                      asked("c?", "no", "exist")};
  const auto result = score(examples, {"Yes.", "two", "yes"});
  CHECK(result.exact.hits == 1);
  CHECK(result.exact.trials == 3);
  CHECK(result.f1 == Approx((1 + 2.0 / 3 + 0) / 3));
  CHECK(result.by_type.at("exist").value == Approx(0.5));
  CHECK_THROWS_AS(score(examples, {"yes"}), Error);
}

TEST_CASE("the blind baseline answers by question text, then by type, then by what is most frequent at all") {
  const std::vector<Example> known{asked("a?", "yes", "exist"), asked("a?", "no", "exist"),
                                   asked("a?", "no", "exist"),  asked("b?", "Yes", "exist"),
                                   asked("b?", "yes", "exist"), asked("n?", "3", "count")};
  const std::vector<Example> asked_now{asked("a?", "no", "exist"), asked("new?", "yes", "exist"),
                                       asked("m?", "3", "count"), asked("o?", "yes", "other")};
  const auto result = majority_baseline(known, asked_now);
  CHECK(result.answers == std::vector<std::string>{"no", "yes", "3", "yes"});
  CHECK(result.exact.hits == 4);
  CHECK_THROWS_AS(majority_baseline({}, asked_now), Error);
}

TEST_CASE("shuffled tokens are always somebody else's, constant ones always the same") {
  const test::World world;
  const auto ids = world.moments(9);
  const auto wrong = shuffled(world.camera(), ids, 1);
  for (const auto& id : ids) CHECK_FALSE(at::equal(wrong(id)->values, world.camera()(id)->values));
  CHECK_THROWS_AS(wrong("m99"), Error);
  CHECK_THROWS_AS(shuffled(world.camera(), {"m1", "m1"}, 1), Error);
  CHECK(at::equal(constant(world.camera(), "m4")("m1")->values, world.camera()("m4")->values));
}

TEST_CASE("a token cache encodes once, forgets the oldest beyond its limit, and keeps token spaces apart") {
  std::atomic<int> encoded = 0;
  const TokenProvider encode = [&](const std::string&) -> std::optional<connector::Tokens> {
    ++encoded;
    return connector::Tokens{at::zeros({4, 8}), {}};
  };
  TokenCache cache(300);  // 128 bytes and a key each: two fit
  cache.get("camera-1", "a", encode);
  cache.get("camera-1", "a", encode);
  CHECK(encoded == 1);
  cache.get("camera-2", "a", encode);
  CHECK(encoded == 2);
  cache.get("camera-1", "b", encode);
  CHECK(cache.bytes() <= 300);
  cache.get("camera-2", "a", encode);
  CHECK(encoded == 3);
  cache.get("camera-1", "a", encode);
  CHECK(encoded == 4);
}

TEST_CASE("an example is prompt and answer as the model reads and says them") {
  const test::TemporaryFolder folder;
  const auto tokenizer = byte_tokenizer(folder);
  const PromptFormat format{"q: ", " a:", " ", -1};
  const auto example = make_example(tokenizer, format, "m1", "how many?", "2", "count");
  CHECK(tokenizer.decode(std::vector<format::TokenId>(example.prompt.begin(), example.prompt.end())) ==
        "q: how many? a:");
  CHECK(example.prompt.front() == *tokenizer.bos());
  CHECK(example.answer_ids.back() == *tokenizer.eos());
  CHECK(example.answer_ids.size() == 3);
  CHECK_THROWS_AS(make_example(tokenizer, format, "m1", "", "2", "count"), Error);
}

TEST_CASE("evaluation asks in batches what single questions are answered, with and without a sense") {
  const test::TemporaryFolder folder;
  const auto tokenizer = byte_tokenizer(folder);
  auto spec = test::small_decoder().spec();
  spec.vocab = tokenizer.vocab_size();
  const auto decoder = model::Decoder::random(spec, 5, 0.25);
  const test::World world;
  const Senses camera(
      {{connector::connection_of("camera", test::small_adapter(1, "camera-1", 4)), world.camera()}}, 4);
  std::vector<Example> examples;
  for (const auto& moment : world.moments(7)) {
    examples.push_back(make_example(tokenizer, {"", ":", " ", -1}, moment, "what is " + moment, "x", "what"));
  }
  EvaluateOptions options;
  options.max_new_tokens = 5;
  options.batch = 3;
  const auto batched = evaluate(decoder, tokenizer, examples, camera, options);
  options.batch = 1;
  CHECK(evaluate(decoder, tokenizer, examples, camera, options).answers == batched.answers);
  CHECK(evaluate(decoder, tokenizer, examples, Senses({}, 4), options).answers != batched.answers);
  CHECK(batched.exact.trials == 7);
}
