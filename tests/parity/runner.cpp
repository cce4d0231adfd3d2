// parity_runner REQUEST.json: for each model directory the logits and answers that the request asks for, as JSON on
// standard output, in the order of the request. tests/parity/reference.py writes requests and reads the results.

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/model/generate.hpp"
#include "core/model/load.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::model {
namespace {

using format::json::Value;
using format::json::Writer;

Ids read_ids(const Value& list) {
  Ids ids;
  for (std::size_t i = 0; i < list.size(); ++i) ids.push_back(list[i].as_int());
  return ids;
}

std::vector<Ids> read_prompts(const Value& list) {
  std::vector<Ids> prompts;
  for (std::size_t i = 0; i < list.size(); ++i) prompts.push_back(read_ids(list[i]));
  return prompts;
}

GenerateOptions read_options(const Value& from) {
  GenerateOptions options;
  options.max_new_tokens = from.get("max_new_tokens", options.max_new_tokens);
  options.min_new_tokens = from.get("min_new_tokens", options.min_new_tokens);
  options.repetition_penalty = from.get("repetition_penalty", options.repetition_penalty);
  options.beams = from.get("num_beams", options.beams);
  options.length_penalty = from.get("length_penalty", options.length_penalty);
  options.ignore_eos = from.get("ignore_eos", false);
  const std::string early = from.get("early_stopping", "no");
  if (early == "yes") options.early_stopping = GenerateOptions::EarlyStopping::Yes;
  if (early == "never") options.early_stopping = GenerateOptions::EarlyStopping::Never;
  return options;
}

void write_ids(const Ids& ids, Writer& json) {
  json.begin_array();
  for (const std::int64_t id : ids) json.value(id);
  json.end_array();
}

// The logits of each prompt's columns, one prompt after the other.
void run_logits(const Decoder& decoder, const Value& request, Writer& json) {
  json.begin_array();
  for (const Ids& prompt : read_prompts(request.at("prompts"))) {
    const at::Tensor ids = at::tensor(at::ArrayRef<std::int64_t>(prompt)).unsqueeze(0);
    const at::Tensor states = decoder.forward(0, decoder.spec().layers, decoder.embed(ids));
    const at::Tensor logits = decoder.head(states).contiguous();
    json.begin_array();
    for (std::int64_t i = 0; i < logits.numel(); ++i) json.value(logits.const_data_ptr<float>()[i]);
    json.end_array();
  }
  json.end_array();
}

void run_generate(const Decoder& decoder, const Value& request, Writer& json) {
  const auto begin = std::chrono::steady_clock::now();
  const auto answers =
      generate(decoder, read_prompts(request.at("prompts")), read_options(request.at("options")));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  json.begin_object().member("seconds", seconds.count()).key("answers").begin_array();
  for (const Answer& answer : answers) write_ids(answer.ids, json);
  json.end_array().end_object();
}

void run_model(const Value& model, Writer& json) {
  const Decoder decoder = load_model(std::string(model.at("folder").as_string()));
  const Value cases = model.at("cases");
  json.begin_array();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].at("kind").as_string() == "logits") {
      run_logits(decoder, cases[i], json);
    } else {
      run_generate(decoder, cases[i], json);
    }
  }
  json.end_array();
}

void run(const std::string& path) {
  const at::NoGradGuard no_gradients;
  const Value request = format::json::read_file(path);
  tensor::fix_threads(static_cast<int>(request.get("threads", 1)));
  const Value models = request.at("models");
  Writer json;
  json.begin_array();
  for (std::size_t i = 0; i < models.size(); ++i) run_model(models[i], json);
  json.end_array();
  std::cout << std::move(json).text() << '\n';
}

}  // namespace
}  // namespace lateral::model

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: parity_runner REQUEST.json\n";
    return 2;
  }
  try {
    lateral::model::run(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
