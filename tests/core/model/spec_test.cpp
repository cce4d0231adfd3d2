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
  CHECK(refused(R"("model_type": "bert")")
            .mentions("opt, bloom, llama, mistral, qwen2, qwen3, gpt2, gpt_neox"));
  CHECK(refused(kLlama + R"(, "hidden_act": "mish")").mentions("silu"));
  CHECK(refused(kLlama + R"(, "rope_scaling": {"rope_type": "mrope", "factor": 2})").mentions("llama3"));
  CHECK(refused("{").code == Errc::Corrupt);
  for (const char* spelling : {"gelu_new", "gelu_fast", "gelu_python_tanh", "gelu_accurate"})
    CHECK(parse(kLlama + R"(, "hidden_act": ")" + spelling + '"').activation == Activation::GeluTanh);
}

TEST_CASE("what would make transformers compute otherwise is refused, where it is not done here") {
  CHECK(refused(kLlama + R"(, "is_causal": false)").mentions("is_causal = false; only true is supported"));
  CHECK_NOTHROW(parse(kLlama + R"(, "is_causal": true)"));
  const std::string bloom = R"("model_type": "bloom", "vocab_size": 50, "n_embed": 24, "n_layer": 2,
    "num_attention_heads": 4, "slow_but_exact": true)";
  CHECK_NOTHROW(parse(bloom));
  CHECK(refused(bloom + R"(, "pretraining_tp": 4)").mentions("slow_but_exact = true"));
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

TEST_CASE(
    "the original number of positions may stand outside the scaling, and gives the factor that is not "
    "there") {
  const std::string scaling = R"(, "max_position_embeddings": 64, "original_max_position_embeddings": 16,
    "rope_scaling": {"type": "longrope", "original_max_position_embeddings": 32, "short_factor": [1, 1, 1, 1],
    "long_factor": [2, 2, 2, 2]})";
  const DecoderSpec spec = parse(kLlama + scaling);
  CHECK(spec.rotary.original_positions == 16);
  CHECK(spec.rotary.factor == 4.0);
  CHECK(std::abs(spec.rotary.amplitude - std::sqrt(1.5)) < 1e-12);
  CHECK(parse(kLlama + R"(, "rope_scaling": {"type": "dynamic", "factor": 2})").rotary.scaling ==
        RotarySpec::Scaling::None);
}

TEST_CASE("the defaults of each family are those of transformers") {
  const std::string sizes = R"(, "vocab_size": 50, "hidden_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 4, "intermediate_size": 40, "num_key_value_heads": null)";
  const DecoderSpec mistral = parse(R"("model_type": "mistral")" + sizes);
  CHECK(mistral.windows == std::vector<std::int64_t>{4096, 4096});
  CHECK(parse(R"("model_type": "mistral", "sliding_window": null)" + sizes).windows.empty());
  const DecoderSpec qwen2 = parse(R"("model_type": "qwen2", "sliding_window": 7)" + sizes);
  CHECK(qwen2.windows.empty());
  CHECK(qwen2.qkv_bias);
  const std::string sliding =
      R"("model_type": "qwen2", "use_sliding_window": true, "max_window_layers": 1, "sliding_window": )";
  CHECK(parse(sliding + "7" + sizes).windows == std::vector<std::int64_t>{0, 7});
  CHECK(parse(sliding + "null" + sizes).windows.empty());
  CHECK_FALSE(qwen2.output_bias);
  CHECK(parse(R"("model_type": "qwen3")" + sizes).head_dim == 128);
  const std::string many = R"(, "vocab_size": 50, "hidden_size": 128, "num_hidden_layers": 1,
    "num_attention_heads": 64, "intermediate_size": 40)";
  CHECK(parse(R"("model_type": "llama")" + many).kv_heads == 64);
  CHECK(parse(R"("model_type": "mistral")" + many).kv_heads == 8);
  CHECK(parse(R"("model_type": "qwen2")" + many).kv_heads == 32);
  CHECK(parse(R"("model_type": "qwen3")" + many).kv_heads == 32);
  CHECK(parse(R"("model_type": "qwen3", "num_key_value_heads": null)" + many).kv_heads == 64);
  const DecoderSpec neox =
      parse(R"("model_type": "gpt_neox", "rotary_pct": 0.75, "rotary_emb_base": 500)" + sizes);
  CHECK(neox.rotary.width == 4);
  CHECK(neox.rotary.theta == 500.0);
  const DecoderSpec gpt2 =
      parse(R"("model_type": "gpt2", "vocab_size": 50, "n_embd": 24, "n_layer": 2, "n_head": 4)");
  CHECK(gpt2.intermediate == 96);
  CHECK(gpt2.max_positions == 1024);
  CHECK(gpt2.tied_head);
  const DecoderSpec bloom = parse(R"("model_type": "bloom", "vocab_size": 50, "n_embed": 24, "n_layer": 2,
    "num_attention_heads": 4)");
  CHECK(bloom.hidden == 24);
  CHECK(bloom.intermediate == 96);
}

TEST_CASE("what is written reads back the same, for every family") {
  std::vector<DecoderSpec> specs = test_models::family_specs();
  specs[0].rotary.scaling = RotarySpec::Scaling::Llama3;
  specs[0].rotary.factor = 8.0;
  specs[1].pre_norm = specs[1].final_norm = false;
  specs[1].embedding_width = 12;
  specs[1].eos = {2, 5};
  specs[2].residual_of_norm = true;
  specs[3].scores_by_width = false;
  specs[3].scores_by_block = true;
  specs[5].rotary.scaling = RotarySpec::Scaling::Long;
  specs[5].rotary.short_factors = {1.0, 1.5, 2.0};
  specs[5].rotary.long_factors = {2.0, 3.5, 4.0};
  specs[5].rotary.amplitude = 1.5;
  specs[7].rotary.scaling = RotarySpec::Scaling::Yarn;
  specs[7].rotary.factor = 4.0;
  specs[7].rotary.amplitude = 1.25;
  specs[7].rotary.truncate = false;
  for (const DecoderSpec& spec : specs) {
    INFO(spec.family);
    const std::string once = config_json(spec, at::kFloat);
    const DecoderSpec again = parse_spec(once, "config.json");
    CHECK(config_json(again, at::kFloat) == once);
    CHECK(again.windows == spec.windows);
    CHECK(again.rotary_width() == spec.rotary_width());
    CHECK(again.qkv == spec.qkv);
    CHECK(again.rotary.scaling == spec.rotary.scaling);
    CHECK(again.rotary.long_factors == spec.rotary.long_factors);
    CHECK(again.residual_of_norm == spec.residual_of_norm);
    CHECK(again.scores_by_width == spec.scores_by_width);
    CHECK(again.scores_by_block == spec.scores_by_block);
  }
}

}  // namespace
}  // namespace lateral::model
