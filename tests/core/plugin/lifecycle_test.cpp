// From file to proof of unmapping, and every way in which it can end early.
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include "core/base/file.hpp"
#include "core/plugin/float_mode.hpp"

using namespace lateral;
using namespace std::chrono_literals;
using plugin::PluginHost;
using plugin::State;
using test::failure_of;
using test::fixture;

namespace {

std::pair<Errc, std::string> load_failure(PluginHost& host, const std::string& name,
                                          plugin::OptionMap options = {}) {
  return failure_of([&] { host.load(fixture(name).string(), test::in_thread(std::move(options))); });
}

float count(PluginHost& host) {
  return host.make_encoder("counter")->encode(test::bytes_input("x")).tokens.row(0)[0];
}

}  // namespace

TEST_CASE("a plugin that is wrong in what it is gets one clear error, and what was loaded stays") {
  PluginHost host({}, test::short_timeouts());
  host.load(fixture("counter").string(), test::in_thread());
  struct Case {
    const char* name;
    Errc code;
    const char* text;
  };
  const Case cases[] = {
      {"does_not_exist", Errc::NotFound, "does_not_exist"},
      {"no_entry", Errc::Unsupported, "does not export lateral_plugin_entry_v1"},
      {"entry_v2", Errc::Unsupported, "exports v2, this host speaks v1"},
      {"entry_is_data", Errc::Unsupported, "is data, not a function"},
      {"no_note", Errc::AbiMismatch, "has no lateral note"},
      {"other_major", Errc::AbiMismatch, "was built for ABI 2; this host speaks ABI 1"},
      {"needs_newer", Errc::AbiMismatch, "needs a host of ABI 1.7 or later, this is 1.0"},
      {"entry_refuses", Errc::AbiMismatch, "refused this host"},
      {"null_slot", Errc::AbiMismatch, "\"encode\" is NULL"},
      {"small_table", Errc::AbiMismatch, "its table has 40 bytes"},
      {"other_id", Errc::AbiMismatch, "its table says id somebody-else"},
      {"sanitizer", Errc::AbiMismatch, "ThreadSanitizer"},
      {"missing_symbol", Errc::Unsupported, "nobody_has_this"},
      {"nodelete", Errc::Unsupported, "nodelete"},
      {"unique", Errc::Unsupported, "could not be unloaded"},
  };
  for (const auto& [name, code, text] : cases) {
    INFO(name);
    const auto failure = load_failure(host, name);
    CHECK(failure.first == code);
    INFO(failure.second);
    CHECK(failure.second.find(text) != std::string::npos);
    CHECK(host.loaded() == std::vector<std::string>{"counter"});
  }
  CHECK(count(host) == 1);
}

TEST_CASE("a file truncated anywhere does not kill the host") {
  PluginHost host({}, test::short_timeouts());
  const test::TemporaryFolder folder;
  const auto image = read_text(fixture("none"), 1U << 24U);
  for (std::size_t size = 0; size < image.size(); size += image.size() / 60 + 1) {
    test::write_file(folder / "cut.lateral.so", std::string_view(image).substr(0, size));
    CHECK(failure_of([&] { host.load((folder / "cut.lateral.so").string(), test::in_thread()); }).first ==
          Errc::Corrupt);
  }
  test::write_file(folder / "cut.lateral.so", image);
  CHECK(host.load((folder / "cut.lateral.so").string(), test::in_thread()) == "structural");
}

TEST_CASE("a file overwritten or truncated after loading does not touch the copy that runs") {
  PluginHost host({}, test::short_timeouts());
  const test::TemporaryFolder folder;
  const auto file = folder / "counter.lateral.so";
  std::filesystem::copy_file(fixture("counter"), file);
  host.load(file.string(), test::in_thread());
  std::filesystem::resize_file(file, 100);
  CHECK(count(host) == 1);
  CHECK(count(host) == 2);
  CHECK(host.unload("counter").unmapped());
}

TEST_CASE("a failing init is reported in the plugin's words and leaves nothing") {
  PluginHost host({}, test::short_timeouts());
  CHECK(load_failure(host, "faulty", {{"fault", "init-throws"}}).second.find("no weights today") !=
        std::string::npos);
  CHECK(load_failure(host, "faulty", {{"fault", "init-throws-int"}}).first == Errc::PluginFault);
  const auto missing = load_failure(host, "faulty", {{"fault", "init-code"}});
  CHECK(missing.first == Errc::NotFound);
  CHECK(missing.second.find(fixture("faulty").parent_path() / "weights.bin") != std::string::npos);
  const auto unknown = load_failure(host, "faulty", {{"fualt", "x"}});
  CHECK(unknown.first == Errc::InvalidArgument);
  CHECK(unknown.second.find("unknown option \"fualt\"; known: fault, offset") != std::string::npos);
  CHECK(host.loaded().empty());
  REQUIRE(host.list().size() == 1);
  CHECK(host.list()[0].state == State::Failed);
  CHECK(host.list()[0].message == unknown.second);
}

TEST_CASE("a declaration that cannot be is refused") {
  PluginHost host({}, test::short_timeouts());
  for (const char* const fault :
       {"no-width", "no-token-space", "long-token-space", "wrong-dtype", "twin-inputs", "zero-axis"}) {
    INFO(fault);
    CHECK(load_failure(host, "faulty", {{"fault", std::string(fault)}}).first == Errc::PluginFault);
  }
}

TEST_CASE("a newer plugin that accepts this host works") {
  PluginHost host({}, test::short_timeouts());
  host.load(fixture("newer_minor").string(), test::in_thread());
  CHECK(host.make_encoder("structural")->encode(test::bytes_input("four")).tokens.row(0)[0] == 4);
  CHECK(host.unload("structural").unmapped());
}

TEST_CASE("a fresh copy shares nothing with an unloaded one, nor two hosts' copies with each other") {
  PluginHost one({}, test::short_timeouts());
  PluginHost two({}, test::short_timeouts());
  one.load(fixture("counter").string(), test::in_thread());
  two.load(fixture("counter").string(), test::in_thread());
  CHECK(count(one) == 1);
  CHECK(count(one) == 2);
  CHECK(count(two) == 1);
  CHECK(two.make_encoder("counter", "tens")->encode(test::bytes_input("x")).tokens.row(0)[0] == 11);
  CHECK(one.unload("counter").unmapped());
  one.load(fixture("counter").string(), test::in_thread());
  CHECK(count(one) == 1);
}

TEST_CASE("an encoder that outlives its plugin refuses politely") {
  PluginHost host({}, test::short_timeouts());
  host.load(fixture("counter").string(), test::in_thread());
  const auto encoder = host.make_encoder("counter");
  CHECK(host.unload("counter").unmapped());
  CHECK(failure_of([&] { encoder->encode(test::bytes_input("x")); }).first == Errc::FailedPrecondition);
  CHECK(failure_of([&] { host.make_encoder("counter"); }).first == Errc::NotFound);
}

TEST_CASE("unloading waits for a running encode, and stops one that takes too long") {
  PluginHost host({}, test::short_timeouts());
  for (const auto& [fault, finishes] : {std::pair{"slow", true}, std::pair{"endless", false}}) {
    host.load(fixture("faulty").string(), test::in_thread({{"fault", std::string(fault)}}));
    const auto encoder = host.make_encoder("faulty");
    const test::Readings readings(2);
    Errc ended = Errc::Internal;
    std::int64_t rows = 0;
    std::thread user([&] {
      try {
        rows = encoder->encode(readings.inputs).tokens.rows;
      } catch (const Error& error) {
        ended = error.code();
      }
    });
    std::this_thread::sleep_for(50ms);
    CHECK(host.unload("faulty", finishes ? 5000ms : 50ms).unmapped());
    user.join();
    CHECK(rows == (finishes ? 2 : 0));
    CHECK(ended == (finishes ? Errc::Internal : Errc::Cancelled));
  }
}

TEST_CASE("what stays mapped is reported as retired, with the reason") {
  PluginHost host({}, test::short_timeouts());
  for (const auto& [name, why] : {std::pair{"unique_declared", "exports the UNIQUE symbol"},
                                  std::pair{"nodelete_declared", "is linked with -z nodelete"},
                                  std::pair{"leaves_thread", "left threads of its own running"}}) {
    INFO(name);
    const auto id = host.load(fixture(name).string(), test::in_thread());
    host.make_encoder(id)->encode(test::bytes_input("x"));
    const auto report = host.unload(id);
    CHECK(report.state == State::Retired);
    CHECK(report.reason.find(why) != std::string::npos);
    const auto listed = host.list();
    CHECK(std::any_of(listed.begin(), listed.end(), [&](const auto& entry) {
      return entry.state == State::Retired && entry.message == report.reason;
    }));
  }
  // A second copy of a retired library is a library of its own.
  CHECK(host.make_encoder(host.load(fixture("unique_declared").string(), test::in_thread()))
            ->encode(test::bytes_input("x"))
            .tokens.rows == 1);
}

TEST_CASE("a shutdown that fails is passed on, and the library still goes") {
  PluginHost host({}, test::short_timeouts());
  host.load(fixture("shutdown_fails").string(), test::in_thread());
  const auto report = host.unload("structural");
  CHECK(report.complaint.find("the device is gone") != std::string::npos);
  CHECK(report.unmapped());
}

TEST_CASE("a plugin cannot change the floating-point mode of the host") {
  const auto before = plugin::float_mode();
  PluginHost host({}, test::short_timeouts());
  host.load(fixture("float_mode").string(), test::in_thread());
  CHECK(plugin::float_mode() == before);
  std::uint64_t of_new_thread = 0;
  std::thread([&] { of_new_thread = plugin::float_mode(); }).join();
  CHECK(of_new_thread == before);
  CHECK(host.unload("structural").unmapped());
}

TEST_CASE("an init that hangs is given up, and so is a static constructor") {
  PluginHost host({}, test::short_timeouts());
  CHECK(load_failure(host, "faulty", {{"fault", "init-hangs"}}).first == Errc::DeadlineExceeded);
  auto timeouts = test::short_timeouts();
  timeouts.load = 100ms;
  PluginHost impatient({}, timeouts);
  CHECK(load_failure(impatient, "slow_constructor").first == Errc::DeadlineExceeded);
  host.load(fixture("counter").string(), test::in_thread());  // waits for the loader's lock, at most a second
  CHECK(count(host) == 1);
}
