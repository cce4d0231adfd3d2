// What is said of a library from its bytes alone.
#include "core/plugin/inspection.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "core/base/file.hpp"
#include "core/plugin/elf_image.hpp"
#include "core/plugin/glibc_version.hpp"
#include "core/plugin/judges.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using plugin::inspect;
using plugin::Isolation;
using test::fixture;

namespace {

using Bytes = std::vector<std::byte>;

Bytes image_of(const std::string& name) {
  return read_bytes(fixture(name), 1U << 24U);
}

/// Replaces a text of the image by another of the same length, wherever it stands.
Bytes with(Bytes image, std::string_view from, std::string_view to) {
  REQUIRE(from.size() == to.size());
  const auto* const begin = reinterpret_cast<const std::byte*>(from.data());
  int found = 0;
  for (auto at = image.begin();
       (at = std::search(at, image.end(), begin, begin + from.size())) != image.end();) {
    at = std::transform(to.begin(), to.end(), at, [](char c) { return static_cast<std::byte>(c); });
    ++found;
  }
  REQUIRE(found > 0);
  return image;
}

/// Turns an entry of the dynamic section into another one.
Bytes with_tag(Bytes image, std::int64_t from, Elf64_Dyn to) {
  const plugin::ElfImage elf(image);
  for (std::size_t at = 0; at + sizeof to <= image.size(); at += 8) {
    Elf64_Dyn entry;
    std::memcpy(&entry, image.data() + at, sizeof entry);
    if (entry.d_tag != from || entry.d_un.d_val != elf.value(from)) continue;
    std::memcpy(image.data() + at, &to, sizeof to);
    return image;
  }
  FAIL("no such tag");
  return image;
}

bool mentions(const std::vector<std::string>& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != text.npos; });
}

}  // namespace

TEST_CASE("a library that needs a newer glibc is refused with both versions and a symbol") {
  const auto facts = inspect("x", with(image_of("leaves_mark"), "GLIBC_2.2.5", "GLIBC_9.9.9"));
  CHECK(facts.glibc == "9.9.9");
  CHECK(mentions(facts.problems, "needs glibc 9.9.9 (for "));
  CHECK(mentions(facts.problems, "this is " + plugin::running_glibc()));
  CHECK(inspect("x", image_of("leaves_mark")).problems.empty());
}

TEST_CASE("versions of glibc are numbers, not texts") {
  CHECK(*plugin::parse_glibc("2.9") < *plugin::parse_glibc("2.31"));
  CHECK(*plugin::parse_glibc("2.2.5") < *plugin::parse_glibc("2.3"));
  for (const char* const text : {"", "2", "2.", ".3", "PRIVATE", "2.3.4.5", "2.x", "-2.3"}) {
    INFO(text);
    CHECK_FALSE(plugin::parse_glibc(text));
  }
}

TEST_CASE("a library that a thread cannot share is for a worker process, and said to be") {
  const struct {
    const char* name;
    const char* why;
  } cases[] = {{"libc.sq.6", "is not part of every system"}, {"libgomp.6", "cannot share with the host"}};
  for (const auto& [name, why] : cases) {
    const auto facts = inspect("x", with(image_of("leaves_mark"), "libc.so.6", name));
    CHECK(mentions(facts.thread_problems, why));
    CHECK(facts.problems.empty());
    CHECK_NOTHROW(require_loadable(facts, Isolation::Process));
    CHECK_THROWS_AS(require_loadable(facts, Isolation::Thread), Error);
  }
}

TEST_CASE("what a host would share is found where the host keeps it, under libtorch's names alone") {
  const test::TemporaryFolder host;
  for (const char* const name : {"libc10.so", "libc.sq.6"}) test::write_file(host / name, "");
  const auto needing = [&](const char* name) { return with(image_of("leaves_mark"), "libc.so.6", name); };
  const auto shared = inspect("x", needing("libc10.so"), host.path());
  CHECK(shared.host_libraries == std::vector{std::filesystem::canonical(host / "libc10.so").string()});
  CHECK(shared.thread_problems.empty());
  CHECK(inspect("x", needing("libc.sq.6"), host.path()).host_libraries.empty());
  const auto absent = inspect("x", needing("libc10.so"));
  CHECK(absent.host_libraries.empty());
  CHECK(mentions(absent.thread_problems, "needs libc10.so"));
}

TEST_CASE("where a library looks for others decides where it may run") {
  const auto image = image_of("leaves_mark");
  const plugin::ElfImage elf(image);
  // The name of a library it needs serves as its run path; libc is the last of them.
  const Elf64_Dyn run_path{DT_RUNPATH, {elf.needed().back()}};
  const auto judged = [&](std::string_view folder) {
    return inspect("x", with_tag(with(image, "libc.so.6", folder), DT_RELACOUNT, run_path));
  };
  CHECK(mentions(judged("some/libs").problems, "wherever the host happens to run"));
  CHECK(mentions(judged("/opt/libs").thread_problems, "outside the system's folders"));
  CHECK(mentions(judged("$ORIGIN/l").thread_problems, "beside itself"));
  CHECK_FALSE(mentions(judged("/usr/lib/").thread_problems, "looks for libraries"));
}

TEST_CASE("what pins a library matters to a thread only") {
  const auto facts = inspect(fixture("unique"));
  CHECK(facts.problems.empty());
  CHECK(mentions(facts.thread_problems, "could not be unloaded"));
  CHECK(mentions(facts.pins, "UNIQUE"));
}

TEST_CASE("imports and constructors predict what a plugin will do") {
  CHECK(mentions(inspect(fixture("float_mode")).warnings, "a constructor changes the floating-point mode"));
  const auto meddles = inspect(fixture("meddles")).warnings;
  for (const char* const part : {"working directory", "umask", "signal handlers", "signal masks"}) {
    INFO(part);
    CHECK(mentions(meddles, part));
  }
  CHECK(inspect(fixture("none")).warnings.empty());
}

TEST_CASE("a program without the mark of one is known by its interpreter") {
  const auto image = read_bytes("/proc/self/exe", 1U << 30U);
  try {
    inspect("x", image);
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("a program") != std::string::npos);
  }
}

TEST_CASE("an id and a version that would spoil a terminal are shown escaped") {
  auto image = image_of("leaves_mark");
  const auto id = std::string(inspect("x", image).library_id);
  image = with(std::move(image), id + std::string(1, '\0'), "\x1B" + id.substr(1) + std::string(1, '\0'));
  const auto facts = inspect("x", image);
  CHECK(facts.library_id == "\\x1B" + id.substr(1));
  CHECK(mentions(facts.problems, "its id \"\\x1B"));
}

namespace {

/// What is said of a library of which these facts were read, and nothing else.
template <typename Read>
plugin::PluginFacts judged(Read&& read, std::uint32_t flags = 0) {
  plugin::ElfFacts elf;
  read(elf);
  plugin::PluginFacts facts;
  facts.flags = flags;
  plugin::judge_dependencies(elf, {}, facts);
  plugin::judge_removal(elf, facts);
  plugin::predict(elf, facts);
  return facts;
}

}  // namespace

TEST_CASE("a library that is named by a path, or that a plugin with folders of its own needs, is its own") {
  CHECK(judged([&](auto& elf) { elf.needed = {"libc.so.6", "libubsan.so.1"}; }).thread_problems.empty());
  CHECK(mentions(judged([&](auto& elf) { elf.needed = {"libubsan.so./x"}; }).thread_problems,
                 "needs libubsan.so./x"));
}

TEST_CASE("the folders of a run path are told apart whole, and there are only so many") {
  for (const char* const good : {"/usr/lib", "/usr/lib/", "/lib64/x", "/usr/local/lib:/lib"}) {
    CAPTURE(good);
    CHECK(judged([&](auto& elf) { elf.run_path = good; }).thread_problems.empty());
    CHECK(judged([&](auto& elf) { elf.run_path = good; }).problems.empty());
  }
  for (const char* const bad : {"/usr/library", "/usr/lib/../../home", "/lib:/opt"}) {
    CAPTURE(bad);
    CHECK(mentions(judged([&](auto& elf) { elf.run_path = bad; }).thread_problems,
                   "outside the system's folders"));
  }
  CHECK(mentions(judged([&](auto& elf) { elf.run_path = "${ORIGIN}/l"; }).thread_problems, "beside itself"));
  std::string many = "/lib";
  for (int i = 0; i < 15; ++i) many += ":/lib";
  CHECK(judged([&](auto& elf) { elf.run_path = many; }).problems.empty());
  CHECK(mentions(judged([&](auto& elf) { elf.run_path = many + ":/lib"; }).problems,
                 "in more than sixteen folders"));
}

TEST_CASE("what a library asks of memory and what it calls itself are judged by their flags") {
  CHECK(mentions(judged([&](auto& elf) { elf.text_relocations = true; }).problems, "build it with -fPIC"));
  CHECK(
      mentions(judged([&](auto& elf) { elf.executable_stack = true; }).problems, "link with -z noexecstack"));
  CHECK(mentions(judged([&](auto& elf) { elf.writable_code = true; }).problems, "writable and executable"));
  CHECK(judged([&](auto& elf) { elf.tls_bytes = 16U << 20U; }).thread_problems.empty());
  CHECK(mentions(judged([&](auto& elf) { elf.tls_bytes = (16U << 20U) + 1; }).thread_problems,
                 "thread-local storage"));
  CHECK(judged([&](auto& elf) { elf.own_name = "x.lateral.so"; }).thread_problems.empty());
  CHECK(mentions(judged([&](auto& elf) { elf.own_name = "libm.so.6"; }).thread_problems,
                 "calls itself libm.so.6"));
}

TEST_CASE("what would outlive a plugin in its host's process, or end that process, is for a worker") {
  for (const char* const symbol : {"on_exit", "alarm", "ualarm", "setitimer", "close_range", "closefrom",
                                   "daemon", "mlockall", "setns", "unshare"}) {
    CAPTURE(symbol);
    const auto facts = judged([&](auto& elf) { elf.imported = {symbol}; });
    CHECK(mentions(facts.thread_problems, std::string("imports ") + symbol));
    CHECK(facts.problems.empty());
  }
  CHECK(judged([](auto& elf) { elf.imported = {"atexit", "timer_create"}; }).thread_problems.empty());
}

TEST_CASE("the newest glibc that is wanted counts, in whatever order they are") {
  const auto read = [](auto& elf) {
    elf.versions = {{"libc.so.6", "GLIBC_2.14", ""},
                    {"libc.so.6", "GLIBC_2.3.4", ""},
                    {"libc.so.6", "GLIBC_PRIVATE", ""},
                    {"libstdc++.so.6", "GLIBCXX_9.9", ""}};
  };
  CHECK(judged(read).glibc == "2.14");
}

TEST_CASE("every reason that would keep a library mapped is a pin, and a warning where it is declared") {
  const auto read = [](auto& elf) {
    elf.defined = {{LAT_ENTRY_NAME, true, false}, {"helper", true, false}, {"u", false, true}};
    elf.no_delete = elf.static_tls = true;
    elf.tls_bytes = 8;
  };
  const auto facts = judged(read);
  for (const char* const pin : {"exports the UNIQUE symbol u", "exports helper besides the entry",
                                "is linked with -z nodelete", "static thread-local storage (8 bytes)"}) {
    CAPTURE(pin);
    CHECK(mentions(facts.pins, pin));
    CHECK(mentions(facts.thread_problems, pin));
    CHECK(mentions(judged(read, LAT_PLUGIN_RESIDENT).warnings, pin));
  }
  CHECK(judged(read, LAT_PLUGIN_RESIDENT).thread_problems.empty());
}

TEST_CASE("every import that changes or ends the process is told once") {
  struct Case {
    const char* symbol;
    const char* warning;
  };
  const Case cases[] = {{"pthread_create", "starts threads"},
                        {"pthread_key_create", "thread keys"},
                        {"atexit", "exit handlers"},
                        {"pthread_atfork", "fork handlers"},
                        {"sigaction", "signal handlers"},
                        {"timer_create", "makes timers"},
                        {"_exit", "can end the process"},
                        {"abort", "can end the process"},
                        {"fork", "forks the process"},
                        {"popen", "starts other programs"},
                        {"posix_spawn", "starts other programs"},
                        {"setlocale", "the locale"},
                        {"putenv", "the environment"},
                        {"fchdir", "working directory"},
                        {"umask", "umask"},
                        {"fesetround", "floating-point mode"},
                        {"dlopen", "loads further libraries"}};
  for (const auto& [symbol, warning] : cases) {
    CAPTURE(symbol);
    CHECK(mentions(judged([&](auto& elf) { elf.imported = {"malloc", symbol}; }).warnings, warning));
  }
  CHECK(judged([&](auto& elf) { elf.imported = {"exit", "_exit", "abort"}; }).warnings.size() == 1);
  CHECK(judged([&](auto& elf) { elf.imported = {"malloc"}; }).warnings.empty());
}
