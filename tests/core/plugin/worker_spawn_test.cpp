// What a program that is started for a plugin finds when it begins.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/plugin/worker/spawn.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/pipe.hpp"

using namespace lateral;
using Catch::Contains;
using plugin::worker::spawn;
using test::Pipe;

namespace {

/// All that was written, once nobody can write any more.
std::string rest_of(Pipe& pipe) {
  pipe.close_writing();
  std::string text(65536, '\0');
  std::size_t length = 0;
  for (ssize_t got = 0; (got = ::read(pipe.reading(), text.data() + length, text.size() - length)) > 0;)
    length += static_cast<std::size_t>(got);
  return text.substr(0, length);
}

/// What the shell's commands print, with these descriptors.
std::string said_by(const std::string& commands, std::vector<int> inherited = {}) {
  Pipe output;
  const int child = spawn({"/bin/sh", {"-c", commands}, output.writing(), std::move(inherited)});
  auto text = rest_of(output);
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return text;
}

}  // namespace

TEST_CASE("a worker gets its descriptors in their order, whatever numbers they have here") {
  // So many that the numbers they have and those that they get lie over each other, in every direction.
  constexpr std::size_t kCount = 40;
  std::vector<std::unique_ptr<Pipe>> pipes;
  for (std::size_t i = 0; i < kCount; ++i) pipes.push_back(std::make_unique<Pipe>());
  for (const bool backwards : {false, true}) {
    CAPTURE(backwards);
    std::vector<int> inherited;
    std::string expected;
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto which = backwards ? kCount - 1 - i : i;
      const std::string line = "pipe " + std::to_string(which) + "\n";
      pipes[which]->write(line);
      inherited.push_back(pipes[which]->reading());
      expected += line;
    }
    // The shell itself takes numbers below ten alone; /proc opens the same pipe again.
    CHECK(said_by("i=3; while [ $i -lt 43 ]; do head -n 1 /proc/self/fd/$i; i=$((i+1)); done", inherited) ==
          expected);
  }
}

TEST_CASE("a worker inherits nothing else, not even what was opened without a thought") {
  const int careless = ::open("/dev/null", O_RDONLY);  // no O_CLOEXEC
  REQUIRE(careless >= 0);
  Pipe one;
  // The listing's own descriptor is the last one.
  CHECK(said_by("cd /proc/self/fd; echo *", {one.reading()}) == "0 1 2 3 4\n");
  CHECK(said_by("readlink /proc/self/fd/0") == "/dev/null\n");
  ::close(careless);
}

TEST_CASE("a worker begins with no signal blocked or ignored, in a process group of its own") {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto* const handler = ::signal(SIGUSR2, SIG_IGN);
  const auto signals = said_by("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  ::signal(SIGUSR2, handler);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK_THAT(signals, Contains("SigBlk:\t0000000000000000"));
  constexpr unsigned long long kNamed = 0x7FFFFFFF;  // 1 to 31; the C library has two of its own behind them
  const auto ignored = signals.substr(signals.find("SigIgn:\t") + 8);
  CHECK((std::stoull(ignored, nullptr, 16) & kNamed) == 0);
  // Process id and group, the third and the fifth field, of the shell that reads them.
  CHECK(said_by("read id name state parent group rest </proc/self/stat; [ $group = $$ ] && echo alone") ==
        "alone\n");
}

TEST_CASE("a program that cannot be started is an error that names it, and nothing is left") {
  Pipe output;
  try {
    spawn({"/nowhere/lateral-worker", {}, output.writing(), {}});
    FAIL("it started");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::Io);
    CHECK_THAT(error.what(), Contains("/nowhere/lateral-worker"));
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
