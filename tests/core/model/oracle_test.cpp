// What transformers makes of the same weights, recorded by tests/parity/make_oracles.py.

#include <string>

#include "core/format/json.hpp"
#include "core/model/generate.hpp"
#include "core/model/load.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/model_cases.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using format::json::Value;
using test_models::apart;

constexpr double kTolerance = 1e-4;  // of logits up to 20

struct Recorded {
  std::string name;
  std::filesystem::path folder;
  Value expected;
  Decoder decoder;

  explicit Recorded(std::string_view family)
      : name(family),
        folder(test::repository() / "tests/fixtures/model" / name),
        expected(format::json::read_file(folder / "expected.json")),
        decoder(load_model(folder)) {}

  std::vector<Ids> prompts() const { return test::read_prompts(expected.at("prompts")); }
  at::Tensor numbers(std::string_view key, std::size_t prompt) const {
    return test::read_numbers(expected.at(key)[prompt]);
  }
};

std::vector<Recorded> all_recorded() {
  std::vector<Recorded> all;
  for (const char* name :
       {"llama", "opt", "opt_350m", "bloom", "gpt2", "gpt_neox", "mistral", "qwen2", "qwen3"}) {
    all.emplace_back(name);
  }
  return all;
}

TEST_CASE("logits equal those of transformers: at once, from the cache, and padded") {
  const at::NoGradGuard no_gradients;
  for (const Recorded& recorded : all_recorded()) {
    INFO(recorded.name);
    const std::vector<Ids> prompts = recorded.prompts();
    const auto padded = test::logits_of_batch(recorded.decoder, prompts);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const at::Tensor expected = recorded.numbers("logits", i);
      CHECK(apart(test::logits_at_once(recorded.decoder, prompts[i], nullptr), expected) < kTolerance);
      CHECK(apart(test::logits_in_steps(recorded.decoder, prompts[i], nullptr), expected) < kTolerance);
      CHECK(apart(padded[i], expected) < kTolerance);
    }
  }
}

TEST_CASE("late keys and values give what transformers' own attention gives with them") {
  const at::NoGradGuard no_gradients;
  for (const Recorded& recorded : all_recorded()) {
    INFO(recorded.name);
    test::LateColumns late(recorded.expected.at("late"), recorded.decoder.options());
    const std::vector<Ids> prompts = recorded.prompts();
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const at::Tensor expected = recorded.numbers("late_logits", i);
      CHECK(apart(test::logits_at_once(recorded.decoder, prompts[i], &late), expected) < kTolerance);
      CHECK(apart(test::logits_in_steps(recorded.decoder, prompts[i], &late), expected) < kTolerance);
      CHECK(apart(expected, recorded.numbers("logits", i)) > 0.1);
    }
  }
}

TEST_CASE("greedy and beam ids, with and without penalties, equal those of transformers") {
  for (const Recorded& recorded : all_recorded()) {
    const Value answers = recorded.expected.at("answers");
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto found =
          generate(recorded.decoder, recorded.prompts(), test::read_options(answers[i].at("options")));
      for (std::size_t row = 0; row < found.size(); ++row) {
        INFO(recorded.name << ", answer " << i << ", prompt " << row);
        CHECK(found[row].ids == test::read_ids(answers[i].at("ids")[row]));
      }
    }
  }
}

TEST_CASE("half precision stays near float32, in every family") {
  const at::NoGradGuard no_gradients;
  for (const Recorded& recorded : all_recorded()) {
    const at::Tensor expected = recorded.numbers("logits", 0);
    // bfloat16 keeps 8 bits of each number, float16 11: some dozens of roundings on the way to a logit.
    for (const auto& [type, tolerance] : {std::pair(at::kBFloat16, 0.1), std::pair(at::kHalf, 0.0125)}) {
      INFO(recorded.name << " " << c10::toString(type));
      const Decoder narrow = load_model(recorded.folder, type);
      CHECK(apart(test::logits_in_steps(narrow, recorded.prompts()[0], nullptr), expected) <
            tolerance * expected.abs().max().item<double>());
    }
  }
}

}  // namespace
}  // namespace lateral::model
