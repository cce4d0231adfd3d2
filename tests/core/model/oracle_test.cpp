// What transformers makes of the same weights, recorded by tests/parity/make_oracles.py.

#include <string>

#include "core/format/json.hpp"
#include "core/model/generate.hpp"
#include "core/model/load.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using format::json::Value;

Ids read_ids(const Value& list) {
  Ids ids;
  for (std::size_t i = 0; i < list.size(); ++i) ids.push_back(list[i].as_int());
  return ids;
}

GenerateOptions read_options(const Value& from) {
  GenerateOptions options;
  options.max_new_tokens = from.get("max_new_tokens", 0);
  options.min_new_tokens = from.get("min_new_tokens", 0);
  options.ignore_eos = from.get("ignore_eos", false);
  options.repetition_penalty = from.get("repetition_penalty", 1.0);
  options.beams = from.get("num_beams", 1);
  options.length_penalty = from.get("length_penalty", 1.0);
  const std::string early = from.get("early_stopping", "no");
  if (early == "yes") options.early_stopping = GenerateOptions::EarlyStopping::Yes;
  if (early == "never") options.early_stopping = GenerateOptions::EarlyStopping::Never;
  return options;
}

struct Recorded {
  std::filesystem::path folder;
  Value expected;
  Decoder decoder;

  explicit Recorded(std::string_view name)
      : folder(test::repository() / "tests/fixtures/model" / name),
        expected(format::json::read_file(folder / "expected.json")),
        decoder(load_model(folder)) {}

  std::vector<Ids> prompts() const {
    std::vector<Ids> all;
    for (std::size_t i = 0; i < expected.at("prompts").size(); ++i)
      all.push_back(read_ids(expected.at("prompts")[i]));
    return all;
  }
};

TEST_CASE("logits equal those of transformers within 1e-4") {
  const at::NoGradGuard no_gradients;
  for (const char* name : {"llama", "opt"}) {
    const Recorded recorded(name);
    const std::vector<Ids> prompts = recorded.prompts();
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const at::Tensor ids = at::tensor(at::ArrayRef<std::int64_t>(prompts[i])).unsqueeze(0);
      const at::Tensor logits =
          recorded.decoder.head(recorded.decoder.forward(0, 2, recorded.decoder.embed(ids))).view(-1);
      const Value expected = recorded.expected.at("logits")[i];
      REQUIRE(static_cast<std::int64_t>(expected.size()) == logits.numel());
      double worst = 0.0;
      for (std::size_t j = 0; j < expected.size(); ++j) {
        worst = std::max(worst, std::abs(expected[j].as_double() - logits.const_data_ptr<float>()[j]));
      }
      CHECK(worst < 1e-4);
    }
  }
}

TEST_CASE("greedy and beam ids, with and without penalties, equal those of transformers") {
  for (const char* name : {"llama", "opt"}) {
    const Recorded recorded(name);
    const Value answers = recorded.expected.at("answers");
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto found =
          generate(recorded.decoder, recorded.prompts(), read_options(answers[i].at("options")));
      for (std::size_t row = 0; row < found.size(); ++row) {
        INFO(name << ", answer " << i << ", prompt " << row);
        CHECK(found[row].ids == read_ids(answers[i].at("ids")[row]));
      }
    }
  }
}

}  // namespace
}  // namespace lateral::model
