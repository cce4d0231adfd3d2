// A library that was built when ABI 1.0 was frozen, as it was built then.
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::PluginHost;

#if defined(__x86_64__)

namespace {

/// A copy of its own: who owns a checkout, and who may write there, is not what is tested.
struct FrozenPlugin {
  FrozenPlugin() {
    std::filesystem::copy_file(test::repository() / "tests/plugin_api/frozen/1.0/frozen.lateral.so", file);
  }
  test::TemporaryFolder folder;
  std::filesystem::path file = folder / "frozen.lateral.so";
};

std::vector<float> numbers(const plugin::Matrix& matrix) {
  return {matrix.values().begin(), matrix.values().end()};
}

void live(plugin::LoadOptions options) {
  const FrozenPlugin frozen;
  PluginHost host({}, test::short_timeouts());
  CHECK(host.load(frozen.file.string(), std::move(options)) == "frozen");
  const test::Readings readings{2};  // b, a: 10, 0 and 11, 1
  const auto result = host.make_encoder("frozen")->encode(readings.inputs);
  CHECK(result.token_space == "frozen-1");
  CHECK(numbers(result.tokens) == std::vector<float>{0, 20, 20, 0, 2, 22, 24, 1});
  CHECK(numbers(*result.scores) == std::vector<float>{0, 1});
  CHECK(numbers(*result.keys) == std::vector<float>{0, 10, 1, 11});
  CHECK(numbers(*result.positions) == std::vector<float>{0, 1});
  CHECK(result.position_axes == std::vector<std::string>{"row"});
  CHECK(host.unload("frozen").unmapped());
}

}  // namespace

TEST_CASE("a library of ABI 1.0 is loaded, encodes with all that it declares, and is unmapped") {
  if (LAT_SANITIZER != 0) return;  // it was built without one
  SECTION("in a thread") {
    live(test::in_thread({{"gain", 2.0}}));
  }
  SECTION("in a process") {
    live(test::in_worker({{"gain", std::int64_t{2}}}));
  }
}

TEST_CASE("a library of ABI 1.0 refuses what it does not know") {
  if (LAT_SANITIZER != 0) return;
  const FrozenPlugin frozen;
  PluginHost host({}, test::short_timeouts());
  const auto failure = test::failure_of([&] {
    host.load(frozen.file.string(), test::in_worker({{"gian", 1.0}}));
  });
  CHECK(failure.second.find("unknown option \"gian\"") != std::string::npos);
}

#endif
