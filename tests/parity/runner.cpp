// parity_runner REQUEST.json: for each model directory the logits and answers that the request asks for, as JSON on
// standard output, in the order of the request. tests/parity/parity.py writes requests and reads the results.

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <sys/resource.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/model/generate.hpp"
#include "core/model/load.hpp"
#include "core/tensor/settings.hpp"
#include "tests/support/model_cases.hpp"

namespace lateral::model {
namespace {

using format::json::Value;
using format::json::Writer;

void write_ids(const Ids& ids, Writer& json) {
  json.begin_array();
  for (const std::int64_t id : ids) json.value(id);
  json.end_array();
}

void write_numbers(const at::Tensor& tensor, Writer& json) {
  const at::Tensor flat = tensor.to(at::kFloat).contiguous();
  json.begin_array();
  for (std::int64_t i = 0; i < flat.numel(); ++i) json.value(flat.const_data_ptr<float>()[i]);
  json.end_array();
}

// The logits of each prompt's columns, one prompt after the other.
void run_logits(const Decoder& decoder, const Value& request, Writer& json) {
  json.begin_array();
  for (const Ids& prompt : test::read_prompts(request.at("prompts")))
    write_numbers(test::logits_at_once(decoder, prompt, nullptr), json);
  json.end_array();
}

// The same, three columns at once and the others one by one, from the cache.
void run_cached(const Decoder& decoder, const Value& request, Writer& json) {
  json.begin_array();
  for (const Ids& prompt : test::read_prompts(request.at("prompts")))
    write_numbers(test::logits_in_steps(decoder, prompt, nullptr), json);
  json.end_array();
}

// The same for all prompts as one batch, padded on the left.
void run_padded(const Decoder& decoder, const Value& request, Writer& json) {
  json.begin_array();
  for (const at::Tensor& logits : test::logits_of_batch(decoder, test::read_prompts(request.at("prompts"))))
    write_numbers(logits, json);
  json.end_array();
}

// With late keys and values: at once by one joint softmax, then in steps by merged parts.
void run_late(const Decoder& decoder, const Value& request, Writer& json) {
  json.begin_array();
  for (const Ids& prompt : test::read_prompts(request.at("prompts"))) {
    test::LateColumns late(request.at("late"), decoder.options());
    write_numbers(test::logits_at_once(decoder, prompt, &late), json);
    write_numbers(test::logits_in_steps(decoder, prompt, &late), json);
  }
  json.end_array();
}

void run_generate(const Decoder& decoder, const Value& request, Writer& json) {
  const auto begin = std::chrono::steady_clock::now();
  const auto answers =
      generate(decoder, test::read_prompts(request.at("prompts")), test::read_options(request.at("options")));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  json.begin_object().member("seconds", seconds.count()).key("answers").begin_array();
  for (const Answer& answer : answers) write_ids(answer.ids, json);
  json.end_array().end_object();
}

// What it costs to have every weight in memory.
void run_load(const Decoder& decoder, std::chrono::steady_clock::time_point begin, Writer& json) {
  test::logits_at_once(decoder, {1, 2, 3, 4}, nullptr);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  json.begin_object()
      .member("seconds", seconds.count())
      .member("peak_kib", std::int64_t{usage.ru_maxrss})
      .end_object();
}

void run_case(const Decoder& decoder, const Value& request, std::chrono::steady_clock::time_point begin,
              Writer& json) {
  const auto kind = request.at("kind").as_string();
  if (kind == "logits") return run_logits(decoder, request, json);
  if (kind == "cached") return run_cached(decoder, request, json);
  if (kind == "padded") return run_padded(decoder, request, json);
  if (kind == "late") return run_late(decoder, request, json);
  if (kind == "generate") return run_generate(decoder, request, json);
  if (kind == "load") return run_load(decoder, begin, json);
  request.at("kind").reject("logits, cached, padded, late, generate or load");
}

void run_model(const Value& model, Writer& json) {
  const auto begin = std::chrono::steady_clock::now();
  const Decoder decoder = load_model(std::string(model.at("folder").as_string()),
                                     tensor::parse_dtype(model.get("dtype", "float32")));
  const Value cases = model.at("cases");
  json.begin_array();
  for (std::size_t i = 0; i < cases.size(); ++i) run_case(decoder, cases[i], begin, json);
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
