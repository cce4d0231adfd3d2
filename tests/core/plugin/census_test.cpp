// What a plugin must leave as it was.
#include "core/plugin/census.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <locale>
#include <new>
#include <sstream>

#include "core/plugin/float_mode.hpp"
#include "core/plugin/loose_ends.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::Census;
using plugin::PluginHost;

namespace {

mode_t umask_now() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

bool mentions(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != text.npos; });
}

}  // namespace

TEST_CASE("a census of an untouched process finds nothing") {
  const Census census;
  CHECK(census.restore().empty());
}

TEST_CASE("what changed is named and put back") {
  const auto folder = std::filesystem::current_path();
  const auto mode = plugin::float_mode();
  const auto mask = umask_now();
  const std::string locale = std::setlocale(LC_ALL, nullptr);
  {
    const Census census;
    plugin::set_float_mode(mode ^ 0x8040U);
    std::filesystem::current_path("/");
    ::umask(mask ^ 07U);
    std::setlocale(LC_ALL, locale == "C" ? "C.UTF-8" : "C");
    std::signal(SIGUSR2, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    ::setenv("LATERAL_TEST_CENSUS", "1", 1);
    std::locale::global(std::locale(std::locale(), new std::numpunct<char>));
    std::set_new_handler([] { std::abort(); });
    std::stringbuf elsewhere;
    std::cout.rdbuf(&elsewhere);
    CHECK(census.restore() ==
          std::vector<std::string>{"the floating-point mode; restored", "the signal mask; restored",
                                   "the handler of SIGUSR2; restored", "the locale; restored",
                                   "the C++ locale; restored", "the handler of operator new; restored",
                                   "the buffer of a standard stream; restored",
                                   "the working directory; restored", "the umask; restored",
                                   "the environment (LATERAL_TEST_CENSUS)"});
    ::unsetenv("LATERAL_TEST_CENSUS");
    if (LAT_SANITIZER != LAT_SANITIZER_THREAD)  // its sigaction() does not give back what it was given
      CHECK(census.restore() == std::vector<std::string>{});
  }
  CHECK(std::filesystem::current_path() == folder);
  CHECK(plugin::float_mode() == mode);
  CHECK(umask_now() == mask);
  CHECK(std::setlocale(LC_ALL, nullptr) == locale);
}

TEST_CASE("limits, a thread's locale, and how a signal is handled are put back as well") {
  const Census census;
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  const rlimit fewer{files.rlim_cur - 1, files.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &fewer) == 0);
  const locale_t other = ::newlocale(LC_ALL_MASK, "C", nullptr);
  const locale_t before = ::uselocale(other);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
  action.sa_flags = 0;
  sigaddset(&action.sa_mask, SIGHUP);
  ::sigaction(SIGUSR2, &action, nullptr);
  CHECK(census.restore() ==
        std::vector<std::string>{"the handler of SIGUSR1; restored", "the handler of SIGUSR2; restored",
                                 "the thread's locale; restored",
                                 "resource limit " + std::to_string(RLIMIT_NOFILE) + "; restored"});
  if (LAT_SANITIZER != LAT_SANITIZER_THREAD)  // see above
    CHECK(census.restore().empty());
  CHECK(::uselocale(nullptr) == before);
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  CHECK(after.rlim_cur == files.rlim_cur);
  ::freelocale(other);
}

TEST_CASE("what leads into a library is put right before it is unmapped") {
  static char variable[] = "LATERAL_TEST_PUT=1";
  static const auto handler = [](int) {};
  void (*const function)(int) = handler;
  const auto range_of = [](const void* begin, std::size_t bytes) {
    const auto at = reinterpret_cast<std::uintptr_t>(begin);
    return plugin::ImageRange{at, at + bytes};
  };
  const plugin::LooseEnds ends;
  ::putenv(variable);
  std::signal(SIGUSR2, function);
  CHECK(ends.tie_up({}).empty());
  CHECK(ends.tie_up(range_of(variable, sizeof variable)) ==
        std::vector<std::string>{"the variable LATERAL_TEST_PUT in its memory; copied"});
  variable[0] = '?';
  CHECK(std::getenv("LATERAL_TEST_PUT") == std::string("1"));
  CHECK(ends.tie_up(range_of(reinterpret_cast<const void*>(function), 1)) ==
        std::vector<std::string>{"a handler of SIGUSR2 in its code; restored"});
  struct sigaction now {};
  ::sigaction(SIGUSR2, nullptr, &now);
  CHECK(now.sa_handler == SIG_DFL);
  char* const copy = std::getenv("LATERAL_TEST_PUT") - std::strlen("LATERAL_TEST_PUT=");
  ::unsetenv("LATERAL_TEST_PUT");
  std::free(copy);  // the environment's own, which never gives anything back
}

TEST_CASE("a plugin that meddles with the process is put right in every phase, and its report says so") {
  PluginHost host({}, test::short_timeouts());
  const auto folder = std::filesystem::current_path();
  host.load(test::fixture("meddles").string(), test::in_thread());
  CHECK(std::filesystem::current_path() == folder);
  host.make_encoder("structural")->encode(test::bytes_input("x"));
  const auto report = host.unload("structural");
  CHECK(report.unmapped());
  CHECK(mentions(report.conduct, "loading"));
  CHECK(mentions(report.conduct, "changed the signal mask; restored"));
  CHECK(mentions(report.conduct, "init changed the working directory; restored"));
  CHECK(mentions(report.conduct, "encode changed the handler of SIGUSR2; restored"));
  CHECK(mentions(report.conduct, "shutdown changed the umask; restored"));
  CHECK(report.conduct.size() == 4);
  struct sigaction handler {};
  ::sigaction(SIGUSR2, nullptr, &handler);
  CHECK(handler.sa_handler == SIG_DFL);
}

TEST_CASE("a good plugin's report names nothing, and what it left is counted") {
  PluginHost host({}, test::short_timeouts());
  host.load(test::fixture("counter").string(), test::in_thread());
  host.make_encoder("counter")->encode(test::bytes_input("x"));
  const auto report = host.unload("counter");
  CHECK(report.unmapped());
  CHECK(report.conduct.empty());
  CHECK(report.left.threads == 0);
  CHECK(report.left.descriptors == 0);
  CHECK(report.left.static_tls_bytes == 0);
  CHECK(report.milliseconds > 0);
}
