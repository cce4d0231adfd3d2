// A plugin in a worker is the same plugin: same tokens, same errors, same life.
#include <thread>

#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace std::chrono_literals;
using plugin::PluginHost;
using plugin::State;
using test::failure_of;

namespace {

struct Faulty {
  explicit Faulty(plugin::LoadOptions options) : host({}, test::short_timeouts()) {
    host.load(test::fixture("faulty").string(), std::move(options));
    encoder = host.make_encoder("faulty");
  }
  explicit Faulty(const std::string& fault) : Faulty(test::in_worker({{"fault", fault}})) {}
  std::pair<Errc, std::string> failure(const plugin::EncodeOptions& options = {}) {
    return failure_of([&] { encoder->encode(readings.inputs, options); });
  }
  PluginHost host;
  std::unique_ptr<plugin::Encoder> encoder;
  test::Readings readings{3};
};

std::vector<float> numbers(const plugin::Matrix& matrix) {
  return {matrix.values().begin(), matrix.values().end()};
}

}  // namespace

TEST_CASE("tokens, scores, keys and positions are the same from a worker") {
  Faulty thread(test::in_thread({{"offset", 0.25}}));
  Faulty worker(test::in_worker({{"offset", 0.25}}));
  CHECK(thread.encoder->spec() == worker.encoder->spec());
  const auto a = thread.encoder->encode(thread.readings.inputs);
  const auto b = worker.encoder->encode(worker.readings.inputs);
  CHECK(numbers(a.tokens) == numbers(b.tokens));
  CHECK(numbers(*a.scores) == numbers(*b.scores));
  CHECK(numbers(*a.keys) == numbers(*b.keys));
  CHECK(numbers(*a.positions) == numbers(*b.positions));
  CHECK(a.position_axes == b.position_axes);
  CHECK(a.token_space == b.token_space);
  CHECK(worker.host.revision("faulty")->isolation() == plugin::Isolation::Process);
  CHECK(worker.host.unload("faulty").unmapped());
}

TEST_CASE("a broken contract gives the same error from a worker as from a thread") {
  for (const std::string fault : {"plan-zero", "plan-too-many", "plan-huge-workspace", "too-many-tokens",
                                  "no-tokens", "nan", "infinite-score", "over-limit", "encode-throws",
                                  "encode-throws-int", "parallel-nested", "parallel-throws"}) {
    INFO(fault);
    Faulty thread(test::in_thread({{"fault", fault}}));
    Faulty worker(fault);
    CHECK(worker.failure() == thread.failure());
    CHECK(worker.host.revision("faulty")->state() == State::Active);
  }
  for (const std::string fault : {"init-throws", "init-code", "no-width", "twin-inputs", "wrong-dtype"}) {
    INFO(fault);
    const plugin::OptionMap options{{"fault", fault}};
    CHECK(failure_of([&] { Faulty unused(test::in_worker(options)); }) ==
          failure_of([&] { Faulty unused(test::in_thread(options)); }));
  }
}

TEST_CASE("inputs that do not fit are refused before they reach the worker") {
  Faulty worker("");
  auto inputs = worker.readings.inputs;
  inputs[0].shape = {-4, 2};
  CHECK(failure_of([&] { worker.encoder->encode(inputs); }).first == Errc::InvalidArgument);
  CHECK(worker.encoder->encode(worker.readings.inputs).tokens.rows == 3);
}

TEST_CASE("a worker's plugin that writes past its output is killed and quarantined") {
  for (const char* const fault : {"overrun", "overrun-input", "overrun-workspace"}) {
    INFO(fault);
    Faulty worker(fault);
    CHECK(worker.failure().second.find("wrote past the end") != std::string::npos);
    CHECK(worker.host.revision("faulty")->state() == State::Quarantined);
  }
}

TEST_CASE("outputs are zero-filled each time, whatever the last call left in the shared memory") {
  Faulty worker("old-output");
  for (int i = 0; i < 3; ++i) CHECK(worker.encoder->encode(worker.readings.inputs).tokens.rows == 3);
}

TEST_CASE("a call larger than a message or than the shared memory is refused, and the next one works") {
  PluginHost host({}, test::short_timeouts());
  const auto huge = test::failure_of([&] {
    host.load(test::fixture("deadly").string(), test::in_worker({{"deed", std::string(300'000, 'x')}}));
  });
  CHECK(huge.first == Errc::InvalidArgument);
  CHECK(huge.second.find("large options belong in files") != std::string::npos);
  Faulty worker("");
  auto inputs = worker.readings.inputs;
  inputs[0].shape = {std::int64_t{1} << 30, 2};  // nothing of it is read
  CHECK(test::failure_of([&] { worker.encoder->encode(inputs); }).first == Errc::ResourceExhausted);
  CHECK(worker.encoder->encode(worker.readings.inputs).tokens.rows == 3);
}

TEST_CASE("in a worker too, an encode that is cancelled or too slow stops and the plugin stays") {
  Faulty worker("endless");
  CHECK(worker.failure({20ms, {}}).first == Errc::DeadlineExceeded);
  const CancelToken cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(20ms);
    cancel.cancel();
  });
  CHECK(worker.failure({10s, cancel}).first == Errc::Cancelled);
  canceller.join();
  CHECK(worker.host.revision("faulty")->state() == State::Active);
}

TEST_CASE("whoever cancels waits for an encode that still runs, also where cancel itself fails") {
  const bool worker = GENERATE(false, true);
  CAPTURE(worker);
  auto timeouts = test::short_timeouts();
  timeouts.grace = 5s;
  PluginHost host({}, timeouts);
  host.load(test::fixture("stubborn").string(), worker ? test::in_worker() : test::in_thread());
  const auto encoder = host.make_encoder("stubborn");
  for (const char byte : {'a', 'b'}) {
    const auto begin = plugin::Clock::now();
    const std::string bytes{byte};
    CHECK(failure_of([&] {
            encoder->encode(test::bytes_input(bytes), {.timeout = 20ms, .cancel = {}});
          }).first == Errc::DeadlineExceeded);
    CHECK(plugin::Clock::now() - begin >= 200ms);
    CHECK(encoder->encode(test::bytes_input("c")).tokens.row(0)[0] == static_cast<float>('c'));
  }
  CHECK(host.revision("stubborn")->state() == State::Active);
}

TEST_CASE("a reentrant encoder works for several threads at once in a worker, another one takes turns") {
  for (const auto& [fault, reentrant] : {std::pair{"reentrant", true}, std::pair{"slow", false}}) {
    Faulty worker(fault);
    CHECK(test::ever_side_by_side(2, [&] { worker.encoder->encode(worker.readings.inputs); }) == reentrant);
  }
}

TEST_CASE("unloading a worker waits for a running encode, and stops one that takes too long") {
  for (const auto& [fault, finishes] : {std::pair{"slow", true}, std::pair{"endless", false}}) {
    Faulty worker(fault);
    Errc ended = Errc::Internal;
    std::thread user([&] {
      try {
        worker.encoder->encode(worker.readings.inputs);
      } catch (const Error& error) {
        ended = error.code();
      }
    });
    std::this_thread::sleep_for(50ms);
    CHECK(worker.host.unload("faulty", finishes ? 5000ms : 50ms).unmapped());
    user.join();
    CHECK(ended == (finishes ? Errc::Internal : Errc::Cancelled));
    CHECK(worker.failure().first == Errc::FailedPrecondition);
  }
}

TEST_CASE("what no thread of the host may load, a worker loads and unloads") {
  PluginHost host({}, test::short_timeouts());
  for (const char* const name : {"unique", "nodelete", "leaves_thread", "sanitizer"}) {
    INFO(name);
    const auto id = host.load(test::fixture(name).string(), test::in_worker());
    CHECK(host.make_encoder(id)->encode(test::bytes_input("x")).tokens.rows == 1);
    CHECK(host.unload(id).unmapped());
  }
}

TEST_CASE("a plan larger than the memory that was shared so far gets more of it") {
  PluginHost host({}, test::short_timeouts());
  host.load(test::fixture("deadly").string(), test::in_worker());
  const auto encoder = host.make_encoder("deadly");
  CHECK(encoder->encode(test::bytes_input("one")).tokens.rows == 1);
  const auto tokens = encoder->encode(test::bytes_input("many")).tokens;
  CHECK(tokens.rows == 100'000);
  CHECK(tokens.row(99'999)[0] == tokens.row(0)[0]);
}

TEST_CASE("without a word about isolation, strangers get a worker and the program's own plugins a thread") {
  PluginHost host({}, test::short_timeouts());
  host.load(test::fixture("counter").string());
  host.load(test::template_plugin().string());
  CHECK(host.revision("counter")->isolation() == plugin::Isolation::Process);
  CHECK(host.revision("template")->isolation() == plugin::Isolation::Thread);
  const test::TemporaryFolder elsewhere;
  std::filesystem::copy_file(test::template_plugin(), elsewhere / "template.lateral.so");
  host.unload("template");
  host.load((elsewhere / "template.lateral.so").string());
  CHECK(host.revision("template")->isolation() == plugin::Isolation::Process);
}
