#pragma once
// The fixture plugins, and a sample that the good ones understand.

#include <lateral/plugin.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/plugin/plugin_host.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {

inline std::filesystem::path fixture(const std::string& name) {
  return build_folder() / "fixtures/plugins" / ("fixture_" + name + ".lateral.so");
}

inline std::filesystem::path template_plugin() {
  return build_folder() / "lib/lateral/template.lateral.so";
}

/// Deadlines that keep tests of hanging plugins short.
inline plugin::Timeouts short_timeouts() {
  using std::chrono::milliseconds;
  return {milliseconds(5000), milliseconds(300), milliseconds(300), milliseconds(50)};
}

/// For fixtures that have to run in a thread of this process.
inline plugin::LoadOptions in_thread(plugin::OptionMap options = {}) {
  return {.options = std::move(options), .isolation = plugin::Isolation::Thread};
}

inline plugin::LoadOptions in_worker(plugin::OptionMap options = {}, plugin::WorkerOptions worker = {}) {
  return {.options = std::move(options), .isolation = plugin::Isolation::Process, .worker = worker};
}

/// A table "readings" [rows, 2] with columns b, a (the other way round than "faulty" wants them).
struct Readings {
  explicit Readings(int rows) {
    for (int i = 0; i < rows; ++i) {
      values.push_back(static_cast<float>(10 + i));
      values.push_back(static_cast<float>(i));
    }
    inputs = {
        {"readings", plugin::InputKind::Table, plugin::DType::F32, {rows, 2}, values.data(), {"b", "a"}}};
  }
  std::vector<float> values;
  std::vector<plugin::Input> inputs;
};

inline std::vector<plugin::Input> bytes_input(const std::string& bytes) {
  return {{"bytes",
           plugin::InputKind::Raw,
           plugin::DType::U8,
           {static_cast<std::int64_t>(bytes.size())},
           bytes.data(),
           {}}};
}

/// How a worker ends that reaches for memory which is not there. What a sanitizer sees coming, it reports, and ends the
/// process itself.
inline std::string crashed_with_segv() {
  if (LAT_SANITIZER == LAT_SANITIZER_ADDRESS) return "ended itself with exit status 1";
  if (LAT_SANITIZER == LAT_SANITIZER_THREAD) return "ended itself with exit status 66";
  return "crashed with SIGSEGV";
}

/// Whether `calls` encodes of 200 ms each ever ran at the same time. A busy machine may keep them apart by chance, so they
/// get several tries; those that take turns never do it.
template <typename Encode>
bool ever_side_by_side(int calls, Encode&& encode) {
  const auto in_turn = calls * std::chrono::milliseconds(200);
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto start = plugin::Clock::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < calls; ++i) threads.emplace_back(encode);
    for (auto& thread : threads) thread.join();
    if (plugin::Clock::now() - start < in_turn) return true;
  }
  return false;
}

/// The code that `body` fails with; the test fails if it does not.
template <typename Body>
std::pair<Errc, std::string> failure_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  throw std::runtime_error("did not fail");
}

}  // namespace lateral::test
