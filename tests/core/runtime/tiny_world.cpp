#include "tests/core/runtime/tiny_world.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "core/base/random.hpp"
#include "core/connector/adapter.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/format/bpe_trainer.hpp"
#include "core/format/json.hpp"
#include "core/model/load.hpp"
#include "core/runtime/language.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::test {
namespace {

constexpr int kLayers = 4;
constexpr std::array<const char*, 4> kAnswers{"zero", "one", "two", "three"};
constexpr std::array<const char*, 2> kQuestions{"what is here", "name the thing"};

model::DecoderSpec spec_with(std::int64_t vocabulary) {
  model::DecoderSpec spec;
  spec.family = "llama";
  spec.layers = kLayers;
  spec.hidden = spec.embedding_width = 32;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.intermediate = 48;
  spec.vocab = vocabulary;
  spec.max_positions = 256;
  spec.eos = {1};
  return spec;
}

std::int64_t write_tokenizer(const std::filesystem::path& folder) {
  format::BpeTrainerOptions options;
  options.vocab_size = 320;
  options.special_tokens = {"<s>", "</s>"};
  options.bos = "<s>";
  options.eos = "</s>";
  format::BpeTrainer trainer(options);
  for (const char* question : kQuestions) {
    for (const char* answer : kAnswers)
      trainer.add(std::string("q : ") + question + " a : " + answer + "\n", 20);
  }
  const auto result = trainer.train();
  trainer.write(result, folder);
  return static_cast<std::int64_t>(result.vocab.size());
}

// One line of samples.jsonl.
std::string sample_line(int moment, const std::string& split, const char* question, const char* answer) {
  const std::string number = std::to_string(moment);
  format::json::Writer json;
  json.begin_object().member("id", "m" + number).member("split", split).key("inputs").begin_object();
  json.member("template", "t" + number + ".npy")
      .member("faulty.readings", "f" + number + ".npy")
      .end_object();
  json.member("question", question)
      .member("answer", answer)
      .member("type", std::string(question, 4))
      .end_object();
  return std::move(json).text() + "\n";
}

}  // namespace

AdapterPlan for_faulty() {
  return {.plugin = "faulty", .token_space = "faulty-1", .width = 4, .base_model = {}};
}

AdapterPlan for_evolving(const std::string& token_space, std::uint64_t seed) {
  return {.plugin = "evolving", .token_space = token_space, .width = 4, .base_model = {}, .seed = seed};
}

std::string connection(const std::string& plugin) {
  return "[[connection]]\nplugin = \"" + plugin + "\"\nblocks = \"last:2\"\nadapter = \"" + plugin +
         ".safetensors\"\n";
}

TinyWorld::TinyWorld() {
  tensor::fix_threads(1);  // the split of a sum decides its bits
  const auto model = folder_ / "model";
  std::filesystem::create_directories(model);
  const std::int64_t vocabulary = write_tokenizer(model);
  model::save_model(model::Decoder::random(spec_with(vocabulary), 3, 0.25), model);
  write_file(model / "lateral.json", R"({"format": 1, "prompt": "q : {question} a :", "stop": ["\n"]})");
  identity_ = runtime::identity_of(model::load_model(model));

  const auto plugins = folder_ / "plugins";
  std::filesystem::create_directories(plugins);
  std::filesystem::copy_file(build_folder() / "lib/lateral/template.lateral.so", plugin_file("template"));
  std::filesystem::copy_file(build_folder() / "fixtures/plugins/fixture_faulty.lateral.so",
                             plugin_file("faulty"));
  std::filesystem::copy_file(build_folder() / "fixtures/plugins/fixture_counter.lateral.so",
                             plugin_file("counter"));
  std::filesystem::copy_file(revision_file(1), plugin_file("evolving"));
}

std::filesystem::path TinyWorld::revision_file(int revision) const {
  return build_folder() / "fixtures/plugins" /
         ("fixture_evolving_" + std::to_string(revision) + ".lateral.so");
}

std::filesystem::path TinyWorld::plugin_file(const std::string& name) const {
  return folder_ / "plugins" / (name + ".lateral.so");
}

std::string TinyWorld::config_text(std::string_view rest) const {
  std::string plugins;
  for (const char* const id : {"template", "faulty", "counter", "evolving"})
    plugins += "[plugin." + std::string(id) + "]\nisolation = \"" + isolation + "\"\n";
  return plugins +
         "[model]\npath = \"model\"\n[plugins]\nsearch = [\"plugins\"]\n[run]\nthreads = 1\nmax_new_tokens = "
         "8\n" +
         std::string(rest);
}

config::Config TinyWorld::config(std::string_view rest) const {
  return config::parse(config_text(rest), folder_ / "world.toml");
}

std::filesystem::path TinyWorld::write_config(std::string_view rest) const {
  write_file(folder_ / "world.toml", config_text(rest));
  return folder_ / "world.toml";
}

std::filesystem::path TinyWorld::write_adapter(const std::string& name, const AdapterPlan& plan) const {
  const at::NoGradGuard no_gradients;
  const auto spec = spec_with(0);
  connector::AdapterInfo info{.base_model = plan.base_model.empty() ? identity_ : plan.base_model,
                              .token_space = plan.token_space,
                              .plugin = plan.plugin,
                              .encoder = plan.plugin,
                              .blocks = wiring::BlockSet::parse("last:2", kLayers),
                              .aligner = {plan.width, 16, spec.kv_heads, spec.head_dim},
                              .seed = plan.seed};
  const connector::Adapter adapter(std::move(info));
  for (const auto& [parameter, tensor] : adapter.parameters()) {
    if (parameter.ends_with(".out.weight")) tensor.mul_(8.0);  // felt by so small a decoder
  }
  connector::save_adapter(folder_ / name, adapter);
  return folder_ / name;
}

std::string npy(const std::vector<float>& values, int columns) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(values.size() / static_cast<std::size_t>(columns)) + ", " +
                       std::to_string(columns) + "), }";
  header.resize(118, ' ');
  header.back() = '\n';
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return bytes;
}

std::filesystem::path TinyWorld::write_readings(const std::string& name, const std::vector<float>& values,
                                                int columns) const {
  write_file(folder_ / name, npy(values, columns));
  return folder_ / name;
}

std::filesystem::path TinyWorld::write_data(const std::string& name, const DataPlan& plan) const {
  const auto folder = folder_ / name;
  std::filesystem::create_directories(folder);
  Random random(11);
  std::string lines;
  for (int moment = 0; moment < plan.train + plan.test; ++moment) {
    const auto answer = static_cast<std::size_t>(moment) % kAnswers.size();
    const std::size_t seen = plan.blind ? 0 : answer;
    const float level = 0.4F + 0.8F * static_cast<float>(seen);
    std::vector<float> one, two;
    for (int row = 0; row < 3; ++row) {
      one.push_back(level + 0.03F * random.normal());
      // Another sensor of the same thing: one of four corners.
      two.push_back((seen % 2 == 0 ? 1.0F : -1.0F) + 0.03F * random.normal());
      two.push_back((seen / 2 == 0 ? 1.0F : -1.0F) + 0.03F * random.normal());
    }
    write_file(folder / ("t" + std::to_string(moment) + ".npy"), npy(one, 1));
    write_file(folder / ("f" + std::to_string(moment) + ".npy"), npy(two, 2));
    for (const char* question : kQuestions) {
      lines += sample_line(moment, moment < plan.train ? "train" : "test", question, kAnswers[answer]);
    }
  }
  write_file(folder / "samples.jsonl", lines);
  return folder;
}

runtime::SensorData readings(const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  runtime::SensorInput input{.name = "readings",
                             .kind = plugin::InputKind::Table,
                             .shape = {static_cast<std::int64_t>(values.size()), 1},
                             .bytes = {bytes.begin(), bytes.end()},
                             .columns = {"value"},
                             .rate_hz = 0};
  return {.id = {}, .inputs = {std::move(input)}};
}

}  // namespace lateral::test
