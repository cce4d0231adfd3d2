// Workers come and go, and the host stays as it was; the host goes, and its workers go with it.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "core/base/log.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/holdings.hpp"

using namespace lateral;
using namespace std::chrono_literals;
using plugin::PluginHost;
using plugin::State;

namespace {

struct Quiet {
  Quiet() { log::set_level(log::Level::Off); }
  ~Quiet() { log::set_level(level); }
  log::Level level = log::level();
};

bool runs(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number;
  std::string name;
  std::string state;
  return static_cast<bool>(stat >> number >> name >> state) && state != "Z" && state != "X";
}

template <typename Cycle>
void expect_no_growth(int cycles, Cycle&& cycle) {
  for (int i = 0; i < 5; ++i) cycle();
  const test::Holdings before = test::settled(test::holdings());
  for (int i = 0; i < cycles; ++i) cycle();
  const test::Holdings after = test::settled(before);
  CHECK(after.mappings <= before.mappings);
  CHECK(after.threads == before.threads);
  CHECK(after.descriptors == before.descriptors);
  CHECK(after.children == before.children);
}

}  // namespace

TEST_CASE("three hundred cycles of load, encode and unload in a worker leave nothing behind") {
  const Quiet quiet;
  PluginHost host({}, test::short_timeouts());
  expect_no_growth(300, [&] {
    host.load(test::fixture("counter").string(), test::in_worker());
    REQUIRE(host.make_encoder("counter")->encode(test::bytes_input("x")).tokens.row(0)[0] == 1);
    REQUIRE(host.unload("counter").unmapped());
  });
}

TEST_CASE("two hundred crashes and restarts leave nothing behind") {
  const Quiet quiet;
  PluginHost host({}, test::short_timeouts());
  host.load(
      test::fixture("deadly").string(),
      test::in_worker({{"deed", std::string("segv")}},
                      {.restart = plugin::Restart::OnFailure, .max_restarts = 1000, .restart_delay = 0ms}));
  const auto encoder = host.make_encoder("deadly");
  const auto revision = host.revision("deadly");
  expect_no_growth(200, [&] {
    REQUIRE_THROWS_AS(encoder->encode(test::bytes_input("x")), Error);
    for (int i = 0; i < 500 && revision->state() != State::Active; ++i) std::this_thread::sleep_for(1ms);
    REQUIRE(encoder->encode(test::bytes_input("good")).tokens.rows == 1);
  });
}

TEST_CASE("a host that waits to be killed", "[.]") {  // run by the next test, in a process of its own
  PluginHost host({}, test::short_timeouts());
  host.load(test::fixture("deadly").string(), test::in_worker());
  std::cout << "worker "
            << static_cast<int>(host.make_encoder("deadly")->encode(test::bytes_input("a")).tokens.row(0)[0])
            << std::endl;
  std::this_thread::sleep_for(60s);
}

TEST_CASE("a host that is killed takes its workers with it") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::string name = "a host that waits to be killed";
  char* arguments[] = {program.data(), name.data(), nullptr};
  pid_t host = -1;
  REQUIRE(::posix_spawn(&host, program.c_str(), &actions, nullptr, arguments, environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);

  std::string text;
  char byte = 0;
  while (text.find("worker ") == std::string::npos || text.back() != '\n') {
    if (::read(ends[0], &byte, 1) != 1) break;
    text.push_back(byte);
  }
  ::close(ends[0]);
  REQUIRE(text.find("worker ") != std::string::npos);
  const int worker = std::stoi(text.substr(text.find("worker ") + 7));
  CHECK(runs(worker));
  ::kill(host, SIGKILL);
  ::waitpid(host, nullptr, 0);
  for (int i = 0; i < 300 && runs(worker); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(runs(worker));
}
