// Broken and hostile directories of every family: one clear error, whatever is wrong.

#include "core/format/safetensors.hpp"
#include "core/model/config_writer.hpp"
#include "core/model/families.hpp"
#include "core/model/load.hpp"
#include "core/tensor/convert.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using test_models::family_specs;

/// `config` with the value of `key` replaced or added; without a value the key is renamed, and so missing.
std::string with(const std::string& config, std::string_view key, const std::string& value) {
  const std::string quoted = "\"" + std::string(key) + "\":";
  const auto at = config.find(quoted);
  if (at == std::string::npos) return config.substr(0, config.rfind('}')) + ", " + quoted + value + "}";
  if (value.empty()) return config.substr(0, at) + "\"nothing\":" + config.substr(at + quoted.size());
  const auto end = config.find_first_of(",\n", at);
  return config.substr(0, at) + quoted + " " + value + config.substr(end);
}

test::Thrown refusal(const std::string& config) {
  return test::thrown_by([&] { parse_spec(config, "config.json"); });
}

std::vector<std::string> sizes_of(const Family& family) {
  const ConfigKeys& keys = family.keys;
  return {"vocab_size", std::string(keys.hidden.name), std::string(keys.layers.name),
          std::string(keys.heads.name)};
}

TEST_CASE("a size that is missing, negative, zero, huge, a fraction or text is named, in every family") {
  for (const DecoderSpec& spec : family_specs()) {
    const std::string config = config_json(spec, at::kFloat);
    for (const std::string& key : sizes_of(family_of(spec.family))) {
      for (const char* value : {"", "-1", "0", "9000000000000000000", "2.5", "\"six\"", "[1]"}) {
        INFO(spec.family << ": " << key << " = " << value);
        const auto thrown = refusal(with(config, key, value));
        CHECK(thrown.code == Errc::InvalidArgument);
        CHECK(thrown.mentions(key));
      }
    }
  }
}

TEST_CASE("sizes within bounds that no model has are refused before anything is made of them") {
  for (const DecoderSpec& spec : family_specs()) {
    const ConfigKeys& keys = family_of(spec.family).keys;
    const std::string config = config_json(spec, at::kFloat);
    INFO(spec.family);
    CHECK(refusal(with(config, keys.layers.name, "2147483648")).mentions("2147483648"));
    if (spec.kv_heads > 1) CHECK(refusal(with(config, keys.heads.name, "5")).code == Errc::InvalidArgument);
    CHECK(refusal(with(config, keys.heads.name, "2147483649")).code == Errc::InvalidArgument);
    CHECK(refusal(with(config, "eos_token_id", "-2")).mentions("eos_token_id"));
    CHECK(parse_spec(with(config, "eos_token_id", "50"), "config.json").eos.empty());
  }
}

TEST_CASE("numbers that cannot be are refused") {
  for (const DecoderSpec& spec : family_specs()) {
    const ConfigKeys& keys = family_of(spec.family).keys;
    const std::string config = config_json(spec, at::kFloat);
    INFO(spec.family);
    if (!keys.epsilon.empty()) {
      CHECK(refusal(with(config, keys.epsilon, "0")).mentions("epsilon"));
      CHECK(refusal(with(config, keys.epsilon, "\"small\"")).mentions(keys.epsilon));
    }
    if (spec.positions != PositionKind::Rotary) continue;
    CHECK(refusal(with(config, "rope_theta", "-1")).mentions("rope_theta"));
    for (const char* rope :
         {R"({"rope_type": "linear", "factor": 0})",
          R"({"rope_type": "llama3", "factor": 2, "low_freq_factor": 4, "high_freq_factor": 4})",
          R"({"rope_type": "yarn", "factor": 2, "beta_fast": 1, "beta_slow": 2})",
          R"({"rope_type": "yarn", "factor": 2, "attention_factor": -1})", R"([1])", R"("linear")",
          R"({"rope_type": "longrope"})",
          R"({"rope_type": "longrope", "short_factor": [1], "long_factor": [1, 2, 3, 4, 5, 6, 7, 8]})",
          R"({"rope_type": "longrope", "short_factor": "all", "long_factor": [0, -1, 2]})"}) {
      INFO(rope);
      CHECK_FALSE(refusal(with(config, "rope_scaling", rope)).message.empty());
    }
  }
}

TEST_CASE("variants that would compute something else are refused by name") {
  const auto unsupported = [](const DecoderSpec& spec, std::string_view key, const std::string& value) {
    const auto thrown = refusal(with(config_json(spec, at::kFloat), key, value));
    INFO(thrown.message);
    CHECK(thrown.code == Errc::Unsupported);
    CHECK(thrown.mentions(key));
  };
  for (const DecoderSpec& spec : family_specs()) unsupported(spec, "quantization_config", R"({"bits": 4})");
  unsupported(test_models::gpt2_spec(), "add_cross_attention", "true");
  unsupported(test_models::llama_spec(), "partial_rotary_factor", "0.5");
  CHECK(refusal(with(config_json(test_models::qwen3_spec(), at::kFloat), "rope_scaling",
                     R"({"factor": 2, "rope_type": "proportional"})"))
            .mentions("default, linear, dynamic, llama3, yarn and longrope"));
  CHECK(refusal(with(config_json(test_models::llama_spec(), at::kFloat), "rope_scaling",
                     R"({"full_attention": {"rope_type": "default"}})"))
            .code == Errc::Unsupported);
}

TEST_CASE("what contradicts itself is refused") {
  const std::string bloom = config_json(test_models::bloom_spec(), at::kFloat);
  CHECK(refusal(with(bloom, "num_attention_heads", "3")).mentions("contradict"));
  const std::string neox = config_json(test_models::gpt_neox_spec(), at::kFloat);
  for (const char* part : {"0", "1.5", "-0.25", "0.2", "0.5"}) {  // 0.2 and 0.5 of 6 leave 1 and 3 dimensions
    INFO(part);
    CHECK(refusal(with(neox, "partial_rotary_factor", part)).code == Errc::InvalidArgument);
  }
  DecoderSpec full = test_models::qwen2_spec();
  full.windows.clear();
  const std::string qwen = config_json(full, at::kFloat);
  CHECK(refusal(with(qwen, "layer_types", R"(["sliding_attention"])")).mentions("layer_types"));
  CHECK(refusal(with(qwen, "layer_types", R"(["linear_attention"])")).mentions("linear_attention"));
  CHECK(refusal(with(with(qwen, "use_sliding_window", "true"), "sliding_window", "-4"))
            .mentions("sliding_window"));
  CHECK(refusal(with(config_json(test_models::mistral_spec(), at::kFloat), "sliding_window", "0"))
            .mentions("sliding_window"));
  CHECK(refusal(with(config_json(test_models::qwen3_spec(), at::kFloat), "num_key_value_heads", "3"))
            .mentions("evenly"));
}

TEST_CASE("missing, unexpected, misshapen and whole-number tensors are named together, in every family") {
  for (const DecoderSpec& spec : family_specs()) {
    const test::TemporaryFolder folder;
    const Decoder decoder = Decoder::random(spec, 7);
    save_model(decoder, folder.path());
    auto tensors = decoder.named_tensors();
    const std::string missing = tensors[1].name;
    const std::string misshapen = tensors[3].name;
    const std::string whole = tensors[5].name;
    tensors[1].name = "stray.weight";
    tensors[3].tensor = at::ones({1, 2, 3});
    tensors[5].tensor = at::ones(tensors[5].tensor.sizes(), at::kLong);
    std::vector<format::TensorView> views;
    for (const auto& [name, tensor] : tensors) views.push_back(tensor::to_view(name, tensor));
    format::write_safetensors(folder / "model.safetensors", views);
    const auto thrown = test::thrown_by([&] { load_model(folder.path()); });
    INFO(thrown.message);
    CHECK(thrown.code == Errc::InvalidArgument);
    CHECK(thrown.mentions("missing: " + missing));
    CHECK(thrown.mentions("unexpected: stray.weight"));
    CHECK(thrown.mentions(misshapen + ": expected"));
    CHECK(thrown.mentions(whole + ": expected floating numbers, found I64"));
  }
}

TEST_CASE("a file that leads to itself is one error") {
  const test::TemporaryFolder folder;
  save_model(Decoder::random(test_models::llama_spec(), 7), folder.path());
  std::filesystem::remove(folder / "model.safetensors");
  std::filesystem::create_symlink("model.safetensors", folder / "model.safetensors");
  CHECK_FALSE(test::thrown_by([&] { load_model(folder.path()); }).message.empty());
  std::filesystem::create_symlink(folder.path(), folder / "itself");
  CHECK_FALSE(test::thrown_by([&] { load_model(folder / "itself" / "itself"); }).message.empty());
}

TEST_CASE("a config that promises more blocks than the file holds is refused, and so is one with fewer") {
  for (const DecoderSpec& spec : family_specs()) {
    const test::TemporaryFolder folder;
    save_model(Decoder::random(spec, 7), folder.path());
    const std::string_view key = family_of(spec.family).keys.layers.name;
    const auto loading_with = [&](const char* layers) {
      std::string config = with(config_json(spec, at::kFloat), key, layers);
      if (!spec.windows.empty()) config = with(config, "use_sliding_window", "false");
      if (config.find("layer_types") != std::string::npos) config = with(config, "layer_types", "");
      test::write_file(folder / "config.json", config);
      return test::thrown_by([&] { load_model(folder.path()); });
    };
    INFO(spec.family);
    CHECK(loading_with("4096").mentions("missing: "));
    CHECK(loading_with("3").mentions("unexpected: "));
  }
}

}  // namespace
}  // namespace lateral::model
