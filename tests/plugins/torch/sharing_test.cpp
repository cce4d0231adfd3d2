// A plugin that computes with libtorch gets the host's own, wherever it runs, and with it the same bits.
#include <cmath>
#include <cstring>
#include <thread>

#include "../../core/plugin/fixtures.hpp"
#include "core/plugin/host_libraries.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/tensor/settings.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace std::chrono_literals;

namespace {

constexpr int kThreads = 2;

std::string mixer() {
  tensor::fix_threads(kThreads);
  return (test::build_folder() / "fixtures/plugins/fixture_mixer.lateral.so").string();
}

plugin::LoadOptions where(plugin::Isolation isolation, bool sandbox = false, plugin::OptionMap options = {}) {
  return {.options = std::move(options),
          .isolation = isolation,
          .worker = {.sandbox = sandbox, .memory_limit = std::uint64_t{256} << 20U, .threads = kThreads}};
}

struct Rows {
  Rows() : values(700) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(0.3F * static_cast<float>(i));
    inputs = {{"rows",
               plugin::InputKind::Table,
               plugin::DType::F32,
               {static_cast<std::int64_t>(values.size()), 1},
               values.data(),
               {"value"}}};
  }
  std::vector<float> values;
  std::vector<plugin::Input> inputs;
};

std::vector<float> tokens_of(plugin::Encoder& encoder) {
  const Rows rows;
  const auto tokens = encoder.encode(rows.inputs).tokens;
  return {tokens.values().begin(), tokens.values().end()};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE(
    "a plugin that needs libtorch may run in a thread because it gets the very file that the host has "
    "mapped") {
  const auto facts = plugin::inspect(mixer());
  CHECK(facts.thread_problems.empty());
  CHECK(facts.pins.empty());
  REQUIRE_FALSE(facts.host_libraries.empty());
  for (const auto& library : facts.host_libraries) CHECK(std::filesystem::path(library).is_absolute());
  CHECK(plugin::library_of_host("libtorch_cpu.so").filename() == "libtorch_cpu.so");
}

TEST_CASE("only libtorch is shared, and only by its name") {
  mixer();
  CHECK(plugin::library_of_host("libc.so.6").empty());
  CHECK(plugin::library_of_host("libtorch_of_another.so").empty());
  CHECK(plugin::library_of_host(plugin::library_of_host("libc10.so").string()).empty());
}

TEST_CASE(
    "libtorch gives the same bits in a thread, in a process and in a sandbox, on the host's number of "
    "threads") {
  std::vector<std::vector<float>> results;
  for (const auto& options : {where(plugin::Isolation::Thread), where(plugin::Isolation::Process),
                              where(plugin::Isolation::Process, true)}) {
    plugin::PluginHost host;
    const auto id = host.load(mixer(), options);
    const auto encoder = host.make_encoder(id);
    results.push_back(tokens_of(*encoder));
    CHECK(host.unload(id).unmapped());
  }
  CHECK(std::lround(results[0][0]) == kThreads);  // the mixer adds it to every number
  CHECK(same_bits(results[0], results[1]));
  CHECK(same_bits(results[0], results[2]));
  CHECK(tensor::threads() == kThreads);
}

TEST_CASE("a plugin that computed with libtorch is proven unmapped, time after time") {
  for (int cycle = 0; cycle < 5; ++cycle) {
    plugin::PluginHost host;
    const auto id = host.load(mixer(), where(plugin::Isolation::Thread));
    tokens_of(*host.make_encoder(id));
    const auto report = host.unload(id);
    INFO(report.reason);
    CHECK(report.state == plugin::State::Unmapped);
  }
}

TEST_CASE("a worker with libtorch that crashes is started again and gives the same bits") {
  plugin::PluginHost host;
  auto options = where(plugin::Isolation::Process, true, {{"fault", std::string("crash")}});
  options.worker.restart = plugin::Restart::OnFailure;
  options.worker.restart_delay = 10ms;
  const auto id = host.load(mixer(), options);
  const auto encoder = host.make_encoder(id);
  const auto before = tokens_of(*encoder);
  Rows thirteen;
  thirteen.inputs[0].shape = {13, 1};
  CHECK(test::failure_of([&] { encoder->encode(thirteen.inputs); }).first == Errc::PluginFault);
  for (int i = 0; i < 500 && host.revision(id)->state() != plugin::State::Active; ++i)
    std::this_thread::sleep_for(10ms);
  CHECK(same_bits(before, tokens_of(*encoder)));
}

TEST_CASE("an error of libtorch is one line with a status, in a thread and in a worker") {
  for (const auto isolation : {plugin::Isolation::Thread, plugin::Isolation::Process}) {
    plugin::PluginHost host;
    const auto [code, text] = test::failure_of([&] {
      host.load(mixer(), where(isolation, false, {{"fault", std::string("shapes")}}));
    });
    INFO(text);
    CHECK(text.find("libtorch: mat1 and mat2 shapes cannot be multiplied") != text.npos);
    CHECK(text.find('\n') == text.npos);
  }
}

TEST_CASE("a worker's memory limit counts what its plugin takes, not the host's libraries") {
  if (LAT_SANITIZER != 0) return;  // nothing is limited then
  plugin::PluginHost host;
  const auto [code, text] = test::failure_of([&] {
    host.load(mixer(), where(plugin::Isolation::Process, true, {{"fault", std::string("memory")}}));
  });
  INFO(text);
  CHECK(code == Errc::ResourceExhausted);
}
