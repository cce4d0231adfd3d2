#include "core/training/naming.hpp"

#include <ATen/ATen.h>

#include <set>

#include "core/base/error.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/training/adapt_labels.hpp"
#include "core/training/name_draws.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

connector::Adapter adapter_for(const connector::SummaryShape& shape) {
  auto info = test::small_adapter(1).info();
  info.summary = shape;
  info.aligner.width = shape.kinds;
  info.aligner.pairs = 2;
  return connector::Adapter(std::move(info));
}

/// What tells a moment's class is where its tokens stand, not what they are: the mean over them is always the
/// same.
TokenProvider by_place(const test::World& world) {
  return [world](const std::string& moment) {
    auto values = 0.3 * test::drawn({test::World::kClasses, 3}, 300 + std::stoull(moment.substr(1)));
    values[world.class_of(moment)].add_(at::tensor({1.0F, -1.0F, 2.0F}));
    return connector::Tokens{values, {}};
  };
}

AdaptOptions for_steps(std::int64_t steps) {
  AdaptOptions options;
  options.run.budget.steps = steps;
  options.batch = 16;
  return options;
}

}  // namespace

TEST_CASE("moments that share answers are named; scenes with answers of their own are not") {
  const test::World world;
  auto examples = world.questions(40, 2);
  const auto naming = naming_of(examples);
  REQUIRE(naming);
  CHECK(naming->classes() == test::World::kClasses);
  CHECK(naming->samples.size() == 40);
  CHECK(naming->labels.size() == 40);
  for (std::size_t i = 0; i < 40; ++i) {
    const auto& of_class = naming->examples[static_cast<std::size_t>(naming->labels[i])];
    CHECK(of_class.front()->answer == "class " + std::to_string(world.class_of(naming->samples[i])));
  }
  CHECK_FALSE(naming_of(world.questions(5, 1)));  // too few of each
  for (std::size_t i = 0; i < examples.size(); ++i) examples[i].answer += std::to_string(i / 2);
  CHECK_FALSE(naming_of(examples));
  CHECK_FALSE(naming_of({}));
}

TEST_CASE("moments that are asked different things, or answer one thing in two ways, are not named") {
  const test::World world;
  auto examples = world.questions(40, 2);
  examples[7].question = "is it large?";
  CHECK_FALSE(naming_of(examples));
  examples = world.questions(40, 1);
  REQUIRE(naming_of(examples));
  examples.push_back(examples.back());
  CHECK(naming_of(examples));  // said twice, and the same
  examples.back().answer = "something else";
  CHECK_FALSE(naming_of(examples));
  for (auto& example : examples) example.answer = "yes";
  CHECK_FALSE(naming_of(examples));  // a single class
}

TEST_CASE("a summary fits the fewest tokens and the number of names; without tokens there is none") {
  const test::World world;
  const auto examples = world.questions(40, 1);
  const auto shape = summary_for(examples, world.camera());
  REQUIRE(shape);
  CHECK(*shape == connector::SummaryShape{test::World::kWidth, test::World::kTokens, test::World::kClasses});
  CHECK_FALSE(summary_for(examples, [](const std::string&) { return std::nullopt; }));
}

TEST_CASE("behind a summary a connection learns what no single token shows, and held-out moments prove it") {
  const test::World world;
  const auto examples = world.questions(120, 2);
  const auto tokens = by_place(world);
  auto adapter = adapter_for(*summary_for(examples, tokens));
  const auto report = adapt_labels(test::small_decoder(), adapter, examples, tokens, for_steps(120));
  INFO("held-out " << report.held_out.value);
  CHECK(report.held_out.value > 0.9);
  CHECK(report.held_out_questions == 36);

  auto again = adapter_for(*summary_for(examples, tokens));
  adapt_labels(test::small_decoder(), again, examples, tokens, for_steps(120));
  CHECK(test::same_parameters(adapter, again));
  const auto weight = adapter.source().summary()->parameters()[0].tensor;
  CHECK(at::isfinite(weight).all().item<bool>());
  CHECK(weight.abs().max().item<float>() > 0);

  auto blind = adapter_for(*summary_for(examples, tokens));
  const auto shuffled_tokens = shuffled(tokens, world.moments(120), 5);
  const auto lost = adapt_labels(test::small_decoder(), blind, examples, shuffled_tokens, for_steps(120));
  CHECK(lost.held_out.value < 0.7);
}

TEST_CASE("a drawn moment asks for the name of the kind that it is likest to") {
  const test::World world;
  const auto examples = world.questions(120, 1);
  const auto adapter = adapter_for(*summary_for(examples, by_place(world)));
  const auto naming = *naming_of(examples);
  const NameDraws draws(adapter, examples, split(examples, 0.2, 3), by_place(world), {});
  const auto moments = draws.draw(400, 9);
  REQUIRE(moments.examples.size() == 400);
  const auto kinds = moments.tokens.argmax(2).flatten();
  std::set<std::int64_t> named;
  for (std::size_t i = 0; i < 400; ++i) {
    const auto kind = kinds[static_cast<std::int64_t>(i)].item<std::int64_t>();
    CHECK(moments.examples[i]->answer == naming.examples[static_cast<std::size_t>(kind)].front()->answer);
    named.insert(kind);
  }
  CHECK(named.size() == static_cast<std::size_t>(naming.classes()));
  CHECK(at::equal(draws.draw(400, 9).tokens, moments.tokens));
  CHECK_FALSE(at::equal(draws.draw(400, 10).tokens, moments.tokens));
}

TEST_CASE("behind a summary the last step is kept, and the held-out moments only judge it") {
  const test::World world;
  const auto examples = world.questions(120, 2);
  auto adapter = adapter_for(*summary_for(examples, by_place(world)));
  const auto report = adapt_labels(test::small_decoder(), adapter, examples, by_place(world), for_steps(25));
  CHECK(report.run.best_step == 25);
  CHECK_FALSE(report.run.held_out);
  CHECK(report.held_out_questions == 36);
}

TEST_CASE("a summary cannot be learned from questions that name nothing") {
  const test::World world;
  auto adapter = adapter_for({test::World::kWidth, test::World::kTokens, 4});
  CHECK_THROWS_WITH(
      adapt_labels(test::small_decoder(), adapter, world.questions(4, 1), world.camera(), for_steps(1)),
      Catch::Contains("share their answers"));
}
