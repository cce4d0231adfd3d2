// What the host believes of a worker: nothing.
#include <cstdlib>

#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::PluginHost;

namespace {

/// Workers are this program while it lives.
struct OtherWorker {
  OtherWorker() { ::setenv("LATERAL_WORKER", (test::build_folder() / "bin/lying-worker").c_str(), 1); }
  ~OtherWorker() { ::unsetenv("LATERAL_WORKER"); }
};

}  // namespace

TEST_CASE("a worker that lies about its tokens costs an error, and nothing is read where they are not") {
  const OtherWorker liar;
  struct Case {
    const char* lie;
    const char* answer;
  };
  const Case cases[] = {
      {"plans nothing", "plans 0 tokens"},
      {"plans more than it declared", "plans 1048577 tokens"},
      {"gives more than it planned", "gave 2 tokens; its plan allows 1 to 1"},
      {"gives nothing again and again", "gave 0 tokens"},
      {"has outputs beyond the arena", "claims outputs beyond the arena"},
      {"says too much", "8 bytes too many"},
  };
  for (const auto& [lie, answer] : cases) {
    CAPTURE(lie);
    PluginHost host({}, test::short_timeouts());
    host.load(test::fixture("counter").string(), test::in_worker({{"lie", std::string(lie)}}));
    const auto encoder = host.make_encoder("counter");
    const auto failure = test::failure_of([&] { encoder->encode(test::bytes_input("x")); });
    CHECK(failure.first == Errc::PluginFault);
    CAPTURE(failure.second);
    CHECK(failure.second.find(answer) != std::string::npos);
  }
}

TEST_CASE("an answer that is announced longer than any can be is not read") {
  const OtherWorker liar;
  PluginHost host({}, test::short_timeouts());
  const auto failure = test::failure_of([&] {
    host.load(test::fixture("counter").string(),
              test::in_worker({{"lie", std::string("announces an endless answer")}}));
  });
  CHECK(failure.second.find("announces an answer of 4294967295 bytes") != std::string::npos);
}
