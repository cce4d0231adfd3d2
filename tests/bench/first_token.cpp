#include <ATen/ATen.h>

#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/runtime/runtime.hpp"
#include "core/tensor/settings.hpp"
#include "tests/bench/answers.hpp"
#include "tests/bench/host.hpp"
#include "tests/bench/material.hpp"
#include "tests/support/files.hpp"

namespace lateral::bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

/// A reading that was never seen before: its tokens and keys have to be made.
runtime::SensorData reading(float value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  runtime::SensorInput input;
  input.name = "readings";
  input.kind = plugin::InputKind::Table;
  input.shape = {1, 1};
  input.columns = {"value"};
  input.bytes.assign(bytes.begin(), bytes.end());
  return {.id = "reading " + std::to_string(value), .inputs = {std::move(input)}};
}

/// Milliseconds until the first text of an answer about a new reading.
double until_first_token(runtime::Runtime& host, std::int64_t number) {
  host.set_input("template", reading(static_cast<float>(number)));
  runtime::AskOptions options;
  options.min_new_tokens = 1;
  return host.ask(kQuestion, options).first_token_ms;
}

}  // namespace

void first_token(const char* shape, plugin::Isolation isolation, std::int64_t rounds,
                 format::json::Writer& json) {
  const test::TemporaryFolder folder;
  auto config = make_host(shape_named(shape), isolation, tensor::threads(), folder.path());
  config.run.max_new_tokens = 1;
  runtime::Runtime host(std::move(config));
  std::vector<double> load, fresh, loaded;
  for (std::int64_t i = -3; i < rounds; ++i) {  // the first three warm up
    const auto start = Clock::now();
    host.load("template");
    const auto active = Clock::now();
    const double first = until_first_token(host, 2 * i);
    const double again = until_first_token(host, 2 * i + 1);
    host.unload("template");
    if (i < 0) continue;
    load.push_back(ms(active - start));
    fresh.push_back(ms(active - start) + first);
    loaded.push_back(again);
  }
  json.begin_object()
      .member("load_ms", quantile(load, 0.5))
      .member("load_to_first_token_ms", quantile(fresh, 0.5));
  json.member("load_to_first_token_p99_ms", quantile(fresh, 0.99));
  json.member("loaded_to_first_token_ms", quantile(loaded, 0.5)).end_object();
}

}  // namespace lateral::bench
