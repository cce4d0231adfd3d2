// The promise made to operators: what is unloaded is gone, as often as one likes.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/base/log.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::PluginHost;

namespace {

struct Footprint {
  std::size_t mappings;
  std::size_t threads;
  std::size_t descriptors;
  double resident_mib;
};

std::size_t entries(const char* folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

Footprint footprint() {
  std::ifstream maps("/proc/self/maps");
  const auto lines = std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  long pages = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return {static_cast<std::size_t>(lines), entries("/proc/self/task"), entries("/proc/self/fd"),
          static_cast<double>(resident) * 4096 / (1 << 20)};
}

// A sanitizer makes a cycle twenty times as long, and it keeps memory that was given back.
constexpr int kCycles = LAT_SANITIZER == 0 ? 990 : 90;

/// Runs `cycle` ten times, then very often, and compares.
template <typename Cycle>
void expect_no_growth(const char* what, Cycle&& cycle) {
  const auto level = log::level();
  log::set_level(log::Level::Error);
  for (int i = 0; i < 10; ++i) cycle();
  const auto before = footprint();
  const auto start = plugin::Clock::now();
  for (int i = 0; i < kCycles; ++i) cycle();
  const auto took = std::chrono::duration<double, std::milli>(plugin::Clock::now() - start).count();
  const auto after = footprint();
  log::set_level(level);
  std::cout << what << ": " << took / kCycles << " ms a cycle, resident " << before.resident_mib << " -> "
            << after.resident_mib << " MiB, mappings " << before.mappings << " -> " << after.mappings << '\n';
  CHECK(after.threads <= before.threads);
  CHECK(after.descriptors <= before.descriptors);
  if (LAT_SANITIZER != 0) return;
  CHECK(after.mappings <= before.mappings);
  CHECK(after.resident_mib <= 1.01 * before.resident_mib);
}

}  // namespace

TEST_CASE("a thousand cycles of load, encode and unload leave nothing behind") {
  PluginHost host;
  expect_no_growth("load, encode, unload", [&] {
    host.load(test::fixture("counter").string(), test::in_thread());
    REQUIRE(host.make_encoder("counter")->encode(test::bytes_input("x")).tokens.row(0)[0] == 1);
    const auto report = host.unload("counter");
    INFO(report.reason);
    REQUIRE(report.unmapped());
  });
}

TEST_CASE("a thousand failed loads leave nothing behind") {
  PluginHost host;
  const char* const names[] = {"no_entry", "null_slot", "missing_symbol", "other_id", "faulty"};
  int turn = 0;
  expect_no_growth("failed load", [&] {
    const std::string name = names[turn++ % 5];
    plugin::OptionMap options;
    if (name == "faulty") options["fault"] = std::string("init-throws");
    REQUIRE_THROWS_AS(host.load(test::fixture(name).string(), test::in_thread(options)), Error);
  });
}
