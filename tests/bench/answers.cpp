// bench_answers SHAPE THREADS ROUNDS   one JSON object: a new frame under the same question, a plugin's first
// token, and stalls of answers.

#include "tests/bench/answers.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <string>

#include "core/base/log.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/tensor/settings.hpp"
#include "tests/bench/material.hpp"

namespace lateral::bench {

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
  return values[place];
}

namespace {

using Clock = std::chrono::steady_clock;

double ms_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Time to the first token of an answer about a frame that is seen for the first time: with the question's early
/// states kept, and without.
void new_frame(const model::Decoder& decoder, std::int64_t connected, std::int64_t question,
               std::int64_t rounds, format::json::Writer& json) {
  const auto& spec = decoder.spec();
  connector::ConnectorManager manager(static_cast<int>(spec.layers));
  manager.attach(connector::connection_of("sense", adapter_for(spec, "last:" + std::to_string(connected))));
  const std::vector<model::Ids> prompts{prompt(0, question, spec.vocab)};
  const auto prefix = model::make_prefix(decoder, prompts, manager.first_block(), 64);
  model::GenerateOptions options;
  options.max_new_tokens = 1;
  std::vector<double> full, frame;
  for (std::int64_t i = -3; i < rounds; ++i) {  // the first three warm up
    const auto tokens = sensor_tokens(1, i + 3);
    const auto see = [&] { return manager.begin_answer({{"sense", {std::to_string(i), tokens}}}); };
    const double whole = ms_of([&] { model::generate(decoder, prompts, options, see().get()); });
    manager.replace(
        manager.lease()->find("sense"));  // forgets this frame's keys: the next must make them too
    const double kept = ms_of([&] { model::generate(decoder, prefix, options, see().get()); });
    if (i < 0) continue;
    full.push_back(whole);
    frame.push_back(kept);
  }
  json.begin_object()
      .member("layers", spec.layers)
      .member("connected", connected)
      .member("question", question);
  json.member("full_ms", quantile(full, 0.5)).member("frame_ms", quantile(frame, 0.5)).end_object();
}

void run(const std::string& shape, int threads, std::int64_t rounds) {
  log::set_level(log::Level::Error);
  tensor::fix_threads(threads);
  format::json::Writer json;
  json.begin_object().key("new_frame").begin_array();
  {
    const at::NoGradGuard no_gradients;
    const auto decoder = random_model(shape_named(shape));
    for (const std::int64_t question : {32, 128}) {
      for (const std::int64_t connected : {2, 4}) new_frame(decoder, connected, question, rounds, json);
    }
  }
  json.end_array().key("first_token").begin_object();
  for (const auto isolation : {plugin::Isolation::Thread, plugin::Isolation::Process}) {
    json.key(name_of(isolation));
    first_token(shape.c_str(), isolation, rounds, json);
  }
  json.end_object().key("stalls").begin_object();
  for (const auto isolation : {plugin::Isolation::Thread, plugin::Isolation::Process}) {
    json.key(name_of(isolation));
    stalls(shape.c_str(), isolation, rounds, std::min<std::int64_t>(256, rounds * 4), json);
  }
  json.end_object().end_object();
  std::cout << std::move(json).text() << '\n';
}

}  // namespace
}  // namespace lateral::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench_answers SHAPE THREADS ROUNDS\n";
    return 2;
  }
  try {
    lateral::bench::run(argv[1], std::stoi(argv[2]), std::stoll(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
