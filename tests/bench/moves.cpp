// What it costs to attach and detach, to call a plugin in its thread, to load and unload one. Google Benchmark: its
// flags work, e.g. --benchmark_filter=call.

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/base/log.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/plugin/plugin_thread.hpp"
#include "tests/bench/material.hpp"
#include "tests/support/files.hpp"

using namespace lateral;

namespace {

using Clock = std::chrono::steady_clock;

std::string template_file() {
  return (test::build_folder() / "lib/lateral/template.lateral.so").string();
}

connector::Adapter night_adapter() {
  return bench::adapter_for(bench::shape_named("night"), "last:4");
}

// One connection is attached already, as when a second sense comes and goes.
void attach_and_detach(benchmark::State& state) {
  const auto adapter = night_adapter();
  connector::ConnectorManager manager(static_cast<int>(bench::shape_named("night").layers));
  manager.attach(connector::connection_of("first", adapter));
  const auto second = connector::connection_of("second", adapter);
  for (auto _ : state) {
    manager.attach(second);
    benchmark::DoNotOptimize(manager.detach("second"));
  }
}
BENCHMARK(attach_and_detach);

// What stands before the exchange of pointers: the hash over the adapter's tensors that names kept states.
void make_a_connection(benchmark::State& state) {
  const auto adapter = night_adapter();
  for (auto _ : state) benchmark::DoNotOptimize(connector::connection_of("second", adapter));
}
BENCHMARK(make_a_connection);

// A thread of its own costs this, whatever runs there.
void hand_over_and_back(benchmark::State& state) {
  plugin::PluginThread thread("bench");
  for (auto _ : state) {
    const auto task = thread.post([] {});
    task->wait_until(Clock::now() + std::chrono::seconds(5));
  }
}
BENCHMARK(hand_over_and_back)->UseRealTime();

// The smallest plugin on one reading: 16 sines, the rest is the way there and back with all checks.
void plugin_call(benchmark::State& state, plugin::Isolation isolation) {
  plugin::PluginHost host;
  host.load(template_file(), {.isolation = isolation});
  const auto encoder = host.make_encoder("template");
  const float reading = 1.5F;
  const std::vector<plugin::Input> inputs{
      {"readings", plugin::InputKind::Table, plugin::DType::F32, {1, 1}, &reading, {"value"}}};
  for (auto _ : state) benchmark::DoNotOptimize(encoder->encode(inputs));
}
BENCHMARK_CAPTURE(plugin_call, thread, plugin::Isolation::Thread)->UseRealTime();
BENCHMARK_CAPTURE(plugin_call, process, plugin::Isolation::Process)->UseRealTime();

// Which half of a cycle is measured.
enum class Half { Load, Unload };

void load_or_unload(benchmark::State& state, Half half) {
  plugin::PluginHost host;
  const std::string file = template_file();
  for (auto _ : state) {
    const auto start = Clock::now();
    host.load(file, {.isolation = plugin::Isolation::Thread});
    const auto loaded = Clock::now();
    if (!host.unload("template").unmapped()) state.SkipWithError("still mapped");
    const auto unloaded = Clock::now();
    const auto spent = half == Half::Load ? loaded - start : unloaded - loaded;
    state.SetIterationTime(std::chrono::duration<double>(spent).count());
  }
}
BENCHMARK_CAPTURE(load_or_unload, load, Half::Load)->UseManualTime();
BENCHMARK_CAPTURE(load_or_unload, unload, Half::Unload)->UseManualTime();

}  // namespace

int main(int argc, char** argv) {
  log::set_level(log::Level::Error);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
