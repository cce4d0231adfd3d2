// A real pretrained Llama of 260 thousand parameters, where the shared data is present.

#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "core/model/generate.hpp"
#include "core/model/load.hpp"
#include "core/tensor/convert.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using format::json::Value;
using test_models::apart;

Ids read_ids(const Value& list) {
  Ids ids;
  for (std::size_t i = 0; i < list.size(); ++i) ids.push_back(list[i].as_int());
  return ids;
}

GenerateOptions of_length(std::size_t tokens) {
  GenerateOptions options;
  options.max_new_tokens = static_cast<std::int64_t>(tokens);
  options.ignore_eos = true;
  return options;
}

TEST_CASE("stories260K: the 257 greedy ids of its author") {
  const auto data = test::real_data("llm_stories260k");
  if (!data) return;
  const Ids expected = read_ids(format::json::read_file(*data / "expected_greedy.json").at("ids_257"));
  Ids found = {expected.front()};
  const Answer answer = generate(load_model(*data / "hf"), {found}, of_length(expected.size() - 1)).front();
  found.insert(found.end(), answer.ids.begin(), answer.ids.end());
  CHECK(found == expected);
}

TEST_CASE("stories260K: states entering and leaving each block, logits and next ids of four prompts") {
  const auto data = test::real_data("llm_stories260k");
  if (!data) return;
  const at::NoGradGuard no_gradients;
  const Decoder decoder = load_model(*data / "hf");
  const format::SafetensorsFile file(*data / "expected_prompts.safetensors");
  const auto recorded = [&](const std::string& name) {
    return tensor::to_tensor(file.at(name), file.mapping()).to(at::kDouble);
  };
  const Value prompts = format::json::read_file(*data / "expected.json").at("prompts");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const Ids ids = read_ids(prompts[i].at("ids"));
    const std::string name = "p" + std::to_string(i);
    at::Tensor hidden = decoder.embed(at::tensor(at::ArrayRef<std::int64_t>(ids)).unsqueeze(0));
    const at::Tensor states = recorded(name + ".hidden");
    CHECK(apart(hidden[0], states[0]) < 1e-6);
    for (std::int64_t block = 0; block < 5; ++block) {
      hidden = decoder.forward(block, block + 1, hidden);
      CHECK(apart(hidden[0], states[block + 1]) < 1e-4);
    }
    CHECK(apart(decoder.head(hidden)[0], recorded(name + ".logits")) < 1e-4);
    const Ids next = read_ids(prompts[i].at("greedy_next_24"));
    CHECK(generate(decoder, {ids}, of_length(next.size())).front().ids == next);
  }
}

}  // namespace
}  // namespace lateral::model
