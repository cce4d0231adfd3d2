// What passes between host and encoder, and what the host does not let pass.
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <thread>

using namespace lateral;
using namespace std::chrono_literals;
using plugin::PluginHost;
using plugin::State;
using test::failure_of;
using test::Readings;

namespace {

/// A host with "faulty" loaded and its encoder.
struct Faulty {
  explicit Faulty(const std::string& fault = {}) : host({}, test::short_timeouts()) {
    plugin::OptionMap options;
    if (!fault.empty()) options["fault"] = fault;
    host.load(test::fixture("faulty").string(), test::in_thread(options));
    encoder = host.make_encoder("faulty");
  }
  std::pair<Errc, std::string> failure(const plugin::EncodeOptions& options = {}) {
    return failure_of([&] { encoder->encode(readings.inputs, options); });
  }
  State state() { return host.revision("faulty")->state(); }

  PluginHost host;
  std::unique_ptr<plugin::Encoder> encoder;
  Readings readings{3};
};

}  // namespace

TEST_CASE("tokens, scores, keys and positions arrive, with columns picked by name") {
  Faulty faulty;
  const auto result = faulty.encoder->encode(faulty.readings.inputs);
  REQUIRE(result.tokens.rows == 3);
  REQUIRE(result.tokens.width == 4);
  CHECK(result.token_space == "faulty-1");
  for (int i = 0; i < 3; ++i) {
    const auto row = result.tokens.row(i);
    CHECK(std::vector<float>(row.begin(), row.end()) ==
          std::vector<float>{static_cast<float>(i), static_cast<float>(10 + i),
                             static_cast<float>(10 + 2 * i), 1});
    CHECK(result.scores->row(i)[0] == static_cast<float>(10 + i));
    CHECK(result.keys->row(i)[0] == static_cast<float>(i));
    CHECK(result.positions->row(i)[0] == static_cast<float>(i));
  }
  CHECK(result.position_axes == std::vector<std::string>{"t"});
  CHECK(reinterpret_cast<std::uintptr_t>(result.tokens.buffer.data()) % 256 == 0);
}

TEST_CASE("inputs that do not fit are refused by name before the plugin sees them") {
  Faulty faulty;
  const auto refused = [&](auto change) {
    auto inputs = faulty.readings.inputs;
    change(inputs);
    return failure_of([&] { faulty.encoder->encode(inputs); });
  };
  CHECK(refused([](auto& in) { in.clear(); }) ==
        std::pair{Errc::NotFound, std::string("faulty: needs the input \"readings\" (table)")});
  CHECK(refused([](auto& in) { in[0].name = "reading"; }).first == Errc::NotFound);
  CHECK(refused([](auto& in) { in.push_back(in[0]), in[1].name = "extra"; }).second ==
        "faulty: has no input \"extra\"");
  CHECK(refused([](auto& in) {
          in[0].kind = plugin::InputKind::Points;
        }).second.find("is points, wanted is table") != std::string::npos);
  CHECK(refused([](auto& in) {
          in[0].columns = {"b", "c"};
        }).second.find("lacks the column \"a\"") != std::string::npos);
  CHECK(refused([](auto& in) {
          in[0].columns.clear(), in[0].shape = {2, 3};
        }).second.find("has shape [2, 3], wanted is [any, 2]") != std::string::npos);
  CHECK(refused([](auto& in) { in[0].shape = {-4, 2}; }).first == Errc::InvalidArgument);
  CHECK(refused([](auto& in) { in[0].data = nullptr; }).second.find("has no data") != std::string::npos);
}

TEST_CASE("what breaks the contract is discarded with one clear error, and the plugin goes on") {
  struct Case {
    const char* fault;
    const char* text;
  };
  const Case cases[] = {
      {"plan-zero", "plans 0 tokens; it declared 1 to 64"},
      {"plan-too-many", "plans 65 tokens"},
      {"plan-huge-workspace", "bytes of workspace"},
      {"too-many-tokens", "gave 4 tokens; its plan allows 1 to 3"},
      {"no-tokens", "gave 0 tokens"},
      {"nan", "gave tokens that are not finite"},
      {"infinite-score", "gave scores that are not finite"},
      {"over-limit", "magnitude 1001; it declared at most 1000"},
      {"encode-throws", "a wheel fell off"},
      {"encode-throws-int", "not a std::exception"},
      {"parallel-nested", "parallel_for was refused"},
  };
  for (const auto& [fault, text] : cases) {
    INFO(fault);
    Faulty faulty(fault);
    const auto failure = faulty.failure();
    CHECK(failure.first == Errc::PluginFault);
    CHECK(failure.second.find(text) != std::string::npos);
    CHECK(faulty.state() == State::Active);
    CHECK(faulty.failure() == failure);
    faulty.encoder.reset();
    CHECK(faulty.host.unload("faulty").unmapped());
  }
}

TEST_CASE("a plugin that writes past its output is never called again") {
  for (const char* const fault : {"overrun", "overrun-input", "overrun-workspace"}) {
    INFO(fault);
    Faulty faulty(fault);
    CHECK(faulty.failure().second.find("wrote past the end") != std::string::npos);
    CHECK(faulty.state() == State::Quarantined);
    CHECK(faulty.failure().first == Errc::FailedPrecondition);
  }
}

TEST_CASE("a token on its declared limit is within it, and the limit is for tokens alone") {
  Faulty on_limit("on-limit");
  CHECK(on_limit.encoder->encode(on_limit.readings.inputs).tokens.row(0)[0] == -1000);
  Faulty below("below-limit");
  CHECK(below.failure().second.find("magnitude 1001") != std::string::npos);
}

TEST_CASE("fewer tokens than planned, and work on the host's threads") {
  Faulty fewer("fewer-tokens");
  CHECK(fewer.encoder->encode(fewer.readings.inputs).tokens.rows == 1);
  Faulty parallel("parallel");
  CHECK(parallel.encoder->encode(parallel.readings.inputs).tokens.rows == 3);
  Faulty throwing("parallel-throws");
  CHECK(throwing.failure() == std::pair{Errc::Corrupt, std::string("encode: body 7 (status 15)")});
}

TEST_CASE("an encode that is cancelled or too slow stops, and the plugin stays") {
  Faulty faulty("endless");
  CHECK(faulty.failure({20ms, {}}).first == Errc::DeadlineExceeded);
  const CancelToken cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(20ms);
    cancel.cancel();
  });
  CHECK(faulty.failure({10s, cancel}).first == Errc::Cancelled);
  canceller.join();
  CHECK(faulty.state() == State::Active);
}

TEST_CASE("an encode that hangs costs the plugin, not the caller nor the other plugins") {
  for (const char* const fault : {"hangs", "reentrant-hangs"}) {
    Faulty faulty(fault);
    const auto start = plugin::Clock::now();
    CHECK(faulty.failure({50ms, {}}).second.find("quarantined") != std::string::npos);
    CHECK(plugin::Clock::now() - start < 2s);
    CHECK(faulty.state() == State::Quarantined);
    CHECK(faulty.failure().first == Errc::FailedPrecondition);

    faulty.host.load(test::fixture("counter").string(), test::in_thread());
    const auto counter = faulty.host.make_encoder("counter");
    CHECK(counter->encode(test::bytes_input("x")).tokens.row(0)[0] == 1);
    const auto report = faulty.host.unload("faulty");
    CHECK(report.state == State::Quarantined);
    CHECK(report.reason == "encode did not return");
  }
}

TEST_CASE("a reentrant encoder works for several threads at once, another one takes turns") {
  for (const auto& [fault, reentrant] : {std::pair{"reentrant", true}, std::pair{"slow", false}}) {
    Faulty faulty(fault);
    CHECK(test::ever_side_by_side(3, [&] { faulty.encoder->encode(faulty.readings.inputs); }) == reentrant);
  }
}
