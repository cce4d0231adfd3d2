#include "core/model/spec.hpp"

#include "core/model/config_writer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

const std::string kLlama =
    R"("model_type": "llama", "vocab_size": 512, "hidden_size": 64, "intermediate_size": 172,
  "num_hidden_layers": 5, "num_attention_heads": 8, "num_key_value_heads": 4, "eos_token_id": [2, 3])";

DecoderSpec parse(const std::string& members) {
  return parse_spec("{" + members + "}", "config.json");
}

test::Thrown refused(const std::string& members) {
  return test::thrown_by([&] { parse(members); });
}

TEST_CASE("everything that is missing or impossible is reported at once") {
  const auto thrown = refused(R"("model_type": "llama", "vocab_size": -3, "hidden_size": "wide")");
  CHECK(thrown.code == Errc::InvalidArgument);
  for (const char* part : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
                           "intermediate_size", "config.json"}) {
    INFO(thrown.message);
    CHECK(thrown.mentions(part));
  }
}

TEST_CASE("sizes that contradict each other are refused") {
  CHECK(refused(kLlama + R"(, "head_dim": 7)").mentions("even head width"));
  CHECK(refused(R"("model_type": "llama", "vocab_size": 9, "hidden_size": 64, "intermediate_size": 9,
    "num_hidden_layers": 1, "num_attention_heads": 8, "num_key_value_heads": 3)")
            .mentions("evenly"));
  CHECK(refused(R"("model_type": "opt", "vocab_size": 9, "hidden_size": 10, "num_hidden_layers": 1,
    "num_attention_heads": 4)")
            .mentions("no multiple"));
}

TEST_CASE("unknown families, activations and scalings are refused with those that work") {
  CHECK(refused(R"("model_type": "bert")").mentions("opt, llama"));
  CHECK(refused(kLlama + R"(, "hidden_act": "mish")").mentions("silu"));
  CHECK(refused(kLlama + R"(, "rope_scaling": {"rope_type": "yarn", "factor": 2})").mentions("llama3"));
  CHECK(refused("{").code == Errc::Corrupt);
}

TEST_CASE("a Llama of transformers 4 and of transformers 5 give the same spec") {
  const DecoderSpec four =
      parse(kLlama + R"(, "rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 2})");
  const DecoderSpec five =
      parse(kLlama + R"(, "rope_parameters": {"rope_theta": 500.0, "rope_type": "linear", "factor": 2})");
  for (const DecoderSpec& spec : {four, five}) {
    CHECK(spec.rotary.theta == 500.0);
    CHECK(spec.rotary.scaling == RotarySpec::Scaling::Linear);
    CHECK(spec.rotary.factor == 2.0);
    CHECK(spec.head_dim == 8);
    CHECK(spec.kv_heads == 4);
    CHECK_FALSE(spec.tied_head);
    CHECK(spec.eos == std::vector<std::int64_t>{2, 3});
  }
}

TEST_CASE("what is written reads back the same, for both families") {
  DecoderSpec llama = test_models::llama_spec();
  llama.rotary.scaling = RotarySpec::Scaling::Llama3;
  llama.rotary.factor = 8.0;
  DecoderSpec opt = test_models::opt_spec();
  opt.pre_norm = opt.final_norm = false;
  opt.embedding_width = 12;
  opt.eos = {2, 5};
  for (const DecoderSpec& spec : {llama, opt}) {
    const std::string once = config_json(spec, at::kFloat);
    CHECK(config_json(parse_spec(once, "config.json"), at::kFloat) == once);
  }
}

}  // namespace
}  // namespace lateral::model
