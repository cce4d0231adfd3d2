// Every way in which a plugin can end its process, and what that costs: this call, this plugin, nobody else.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/base/log.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace std::chrono_literals;
using plugin::PluginHost;
using plugin::State;
using test::failure_of;

namespace {

struct Deadly {
  explicit Deadly(const std::string& deed, plugin::WorkerOptions worker = {},
                  const std::string& phase = "encode")
      : host({}, test::short_timeouts()) {
    worker.memory_limit = std::uint64_t{512} << 20U;
    host.load(test::fixture("deadly").string(), test::in_worker({{"deed", deed}, {"phase", phase}}, worker));
    encoder = host.make_encoder("deadly");
  }
  int pid() { return static_cast<int>(encoder->encode(test::bytes_input("good")).tokens.row(0)[0]); }
  std::pair<Errc, std::string> failure(const plugin::EncodeOptions& options = {}) {
    return failure_of([&] { encoder->encode(test::bytes_input("x"), options); });
  }
  State state() { return host.revision("deadly")->state(); }
  bool wait_for(State wanted) {
    for (int i = 0; i < 500 && state() != wanted; ++i) std::this_thread::sleep_for(10ms);
    return state() == wanted;
  }

  PluginHost host;
  std::unique_ptr<plugin::Encoder> encoder;
};

/// Alive, or a zombie.
bool exists(int pid) {
  return ::kill(pid, 0) == 0;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("whatever ends a worker is one clear error, quarantines its plugin, and another plugin goes on") {
  struct Case {
    const char* deed;
    std::string text;
  };
  const Case cases[] = {
      {"segv", "its worker " + test::crashed_with_segv() + " in encode"},
      {"abort", "crashed with SIGABRT in encode"},
      {"terminate", "crashed with SIGABRT in encode"},
      {"exit", "ended itself with exit status 0 in encode"},
      {"_exit", "ended itself with exit status 3 in encode"},
      {"quick_exit", "ended itself with exit status 0 in encode"},
      {"stack", test::crashed_with_segv() + " in encode"},
      {"heap", test::crashed_with_segv() + " in encode"},
      {"kill", "was killed with SIGKILL, by someone or for lack of memory in encode"},
      {"close", "crashed with SIGABRT in encode"},
      {"threads", "crashed with SIGABRT in encode"},
  };
  PluginHost other({}, test::short_timeouts());
  other.load(test::fixture("counter").string(), test::in_worker());
  const auto counter = other.make_encoder("counter");
  float counted = 0;
  for (const auto& [deed, text] : cases) {
    INFO(deed);
    Deadly deadly(deed);
    const int pid = deadly.pid();
    CHECK(exists(pid));
    const auto [code, message] = deadly.failure();
    INFO(message);
    CHECK(code == Errc::PluginFault);
    CHECK(contains(message, text));
    CHECK(deadly.state() == State::Quarantined);
    CHECK(contains(deadly.host.revision("deadly")->reason(), text));
    CHECK_FALSE(exists(pid));
    CHECK(deadly.failure().first == Errc::FailedPrecondition);
    CHECK(counter->encode(test::bytes_input("x")).tokens.row(0)[0] == ++counted);
    CHECK(deadly.host.unload("deadly").unmapped());
  }
}

TEST_CASE("a worker that dies outside of encode says in which call") {
  PluginHost host({}, test::short_timeouts());
  const auto load = [&](const char* phase) {
    const plugin::OptionMap options{{"deed", std::string("abort")}, {"phase", std::string(phase)}};
    return failure_of([&] { host.load(test::fixture("deadly").string(), test::in_worker(options)); });
  };
  CHECK(contains(load("init").second, "crashed with SIGABRT in init"));
  CHECK(host.loaded().empty());
  Deadly plan("segv", {}, "plan");
  CHECK(contains(plan.failure().second, test::crashed_with_segv() + " in encode"));
  Deadly destroy("segv", {}, "destroy");
  const auto report = destroy.host.unload("deadly");
  CHECK(report.unmapped());
  CHECK(contains(report.complaint, test::crashed_with_segv() + " in destroy"));
}

TEST_CASE("what does not return is killed after its deadline and the grace time") {
  // A traced thread stops for its tracer, the host, and is not gone before the host has waited for it.
  const std::string deed = GENERATE(as<std::string>{}, "loop", "stop", "traced", "traced thread");
  CAPTURE(deed);
  Deadly deadly(deed);
  const int pid = deadly.pid();
  const auto start = plugin::Clock::now();
  const auto [code, message] = deadly.failure({50ms, {}});
  CHECK(code == Errc::DeadlineExceeded);
  CHECK(contains(message, "encode took too long and did not stop; its worker was killed"));
  CHECK(plugin::Clock::now() - start < 5s);
  CHECK_FALSE(exists(pid));
  CHECK(deadly.host.revision("deadly")->reason() == "its worker did not return from encode");
}

#if LAT_SANITIZER == 0
TEST_CASE("a plugin that wants all memory gets an error, not the machine's memory") {
  Deadly deadly("memory");
  CHECK(deadly.failure({10s, {}}).first == Errc::ResourceExhausted);
  CHECK(deadly.state() == State::Active);
}
#endif

TEST_CASE("a worker that somebody kills while it is idle is noticed without a call") {
  Deadly deadly("");
  REQUIRE(::kill(deadly.pid(), SIGKILL) == 0);
  CHECK(deadly.wait_for(State::Quarantined));
  CHECK(contains(deadly.host.revision("deadly")->reason(), "SIGKILL"));
  CHECK(contains(deadly.host.revision("deadly")->reason(), "while idle"));
}

TEST_CASE("a worker is restarted as often as allowed, and living encoders go on in it") {
  Deadly deadly("segv", {.restart = plugin::Restart::OnFailure, .max_restarts = 2});
  int before = deadly.pid();
  for (int i = 0; i < 2; ++i) {
    CHECK(deadly.failure().first == Errc::PluginFault);
    CHECK(deadly.state() == State::Restarting);
    CHECK(deadly.failure().first == Errc::FailedPrecondition);
    REQUIRE(deadly.wait_for(State::Active));
    CHECK(deadly.pid() != before);
    before = deadly.pid();
  }
  CHECK(deadly.failure().first == Errc::PluginFault);
  CHECK(deadly.state() == State::Quarantined);
}

TEST_CASE("what a plugin started goes with its worker") {
  Deadly deadly("grandchild");
  const int pid = deadly.pid();
  deadly.encoder->encode(test::bytes_input("x"));
  const auto members = [&] { return ::kill(-pid, 0) == 0; };
  CHECK(members());
  CHECK(deadly.host.unload("deadly").unmapped());
  for (int i = 0; i < 200 && members(); ++i) std::this_thread::sleep_for(10ms);  // init reaps them
  CHECK_FALSE(exists(pid));
}

TEST_CASE(
    "a child that a plugin gave to the host, and one that traces its worker, keep nothing from ending") {
  const auto children = [] {
    std::ptrdiff_t count = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream list(thread.path() / "children");
      count += std::distance(std::istream_iterator<int>(list), {});
    }
    return count;
  };
  const auto before = children();
  const std::string deed = GENERATE(as<std::string>{}, "sibling", "traced by its child");
  CAPTURE(deed);
  Deadly deadly(deed);
  const int pid = deadly.pid();
  try {
    deadly.encoder->encode(test::bytes_input("x"));
  } catch (const Error& error) {  // tracing is forbidden here
    CHECK(contains(error.what(), "nobody may trace"));
  }
  CHECK(children() >= before + 1);
  CHECK(deadly.host.unload("deadly").unmapped());
  CHECK_FALSE(exists(pid));
  CHECK(children() == before);
}

TEST_CASE("a worker that forks and returns twice answers alone") {
  Deadly deadly("fork");
  const int pid = deadly.pid();
  for (int i = 0; i < 50; ++i)
    CHECK(deadly.encoder->encode(test::bytes_input("x")).tokens.row(0)[0] == static_cast<float>(pid));
  CHECK(deadly.host.unload("deadly").unmapped());
}

TEST_CASE("a worker that prints without end does not fill the log, and works") {
  const auto level = log::level();
  log::set_level(log::Level::Error);
  Deadly deadly("spam");
  CHECK(deadly.encoder->encode(test::bytes_input("x")).tokens.rows == 1);
  log::set_level(level);
}

TEST_CASE(
    "a sandbox ends what reaches for the network, programs, processes or the host, and names the call") {
  const plugin::WorkerOptions sandbox{.sandbox = true};
  for (const auto& [deed, call] :
       {std::pair{"socket", "socket"}, {"exec", "execve"}, {"fork", "clone"}, {"kill-host", "kill"}}) {
    INFO(deed);
    Deadly deadly(deed, sandbox);
    const auto message = deadly.failure().second;
    INFO(message);
    CHECK(contains(message, std::string("did what the sandbox forbids: ") + call));
  }
  CHECK(contains(Deadly("reach", sandbox).failure().second, "cannot reach"));
  CHECK(Deadly("reach").encoder->encode(test::bytes_input("x")).tokens.rows == 1);
  Deadly reader("passwd", sandbox);
  if (!contains(reader.host.revision("deadly")->isolation_note(), "lacks")) {
    CHECK(contains(reader.failure().second, "cannot read"));
  }
  CHECK(Deadly("passwd").encoder->encode(test::bytes_input("x")).tokens.rows == 1);
}
