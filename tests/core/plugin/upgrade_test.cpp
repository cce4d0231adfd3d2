// One revision of a plugin takes the place of another; what was active is closed once its encodes are done.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/log.hpp"
#include "core/plugin/footprint.hpp"
#include "core/plugin/self_test.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::PluginHost;
using test::failure_of;

namespace {

std::filesystem::path revision(int number) {
  return test::fixture("evolving_" + std::to_string(number));
}

/// Which revision gave the tokens.
float encoded_by(plugin::Encoder& encoder) {
  const float value = 0.5F;
  const plugin::Input readings{"readings", plugin::InputKind::Table, plugin::DType::F32, {1, 1}, &value,
                               {"value"}};
  return encoder.encode({&readings, 1}).tokens.row(0)[1];
}

float encoded_by(PluginHost& host) {
  return encoded_by(*host.make_encoder("evolving"));
}

std::size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

plugin::LoadOptions in(plugin::Isolation isolation) {
  return isolation == plugin::Isolation::Thread ? test::in_thread() : test::in_worker();
}

plugin::Isolation each_isolation() {
  return GENERATE(plugin::Isolation::Thread, plugin::Isolation::Process);
}

/// Nothing is measured but upgrades; starting a worker takes longer than short_timeouts() allow on a busy machine.
plugin::Timeouts patient() {
  using std::chrono::milliseconds;
  return {milliseconds(10'000), milliseconds(10'000), milliseconds(5000), milliseconds(500)};
}

}  // namespace

TEST_CASE("what cannot take the place of a plugin is refused, and the plugin serves as before") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  PluginHost host({}, patient());
  CHECK(failure_of([&] { host.upgrade("evolving", revision(2)); }).first == Errc::NotFound);
  host.load(revision(1).string(), in(isolation));
  const auto before = host.revision("evolving");
  const auto refused = [&](const std::filesystem::path& file) {
    const auto failure = failure_of([&] { host.upgrade("evolving", file, in(isolation)); });
    CHECK(host.revision("evolving") == before);
    CHECK(encoded_by(host) == 1);
    return failure;
  };
  CHECK(refused("absent.lateral.so").first == Errc::NotFound);
  CHECK(refused(test::template_plugin()).first == Errc::InvalidArgument);
  CHECK(refused(test::fixture("needs_newer")).first == Errc::InvalidArgument);
  CHECK(refused(revision(4)).second.find("no weights today") != std::string::npos);
  const auto nan = refused(revision(5));
  CHECK(nan.first == Errc::PluginFault);
  CHECK(nan.second.find("5.0.0 failed its self-test") != std::string::npos);
  if (isolation == plugin::Isolation::Process)
    CHECK(refused(revision(6)).first == Errc::PluginFault);  // crashes
  CHECK(failure_of([&] { host.prepare_former("evolving"); }).first == Errc::FailedPrecondition);

  auto late = host.prepare("evolving", revision(2), in(isolation));
  REQUIRE(host.upgrade("evolving", revision(2), in(isolation)).unmapped());
  CHECK(failure_of([&] { host.exchange(before, std::move(late)); }).first == Errc::FailedPrecondition);
  CHECK(encoded_by(host) == 2);
}

TEST_CASE("encoders of the former revision refuse, those of the new one serve, and the file may change") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  const test::TemporaryFolder folder;
  const auto file = folder / "evolving.lateral.so";
  std::filesystem::copy_file(revision(1), file);
  PluginHost host({}, patient());
  host.load(file.string(), in(isolation));
  const auto former = host.make_encoder("evolving");
  CHECK(encoded_by(*former) == 1);
  std::filesystem::copy_file(revision(2), file, std::filesystem::copy_options::overwrite_existing);
  CHECK(host.upgrade("evolving", file, in(isolation)).unmapped());
  CHECK(failure_of([&] { encoded_by(*former); }).first == Errc::FailedPrecondition);
  CHECK(encoded_by(host) == 2);
  CHECK(host.loaded() == std::vector<std::string>{"evolving"});

  std::filesystem::remove(file);
  for (const float expected : {1.0F, 2.0F, 1.0F}) {
    const auto active = host.revision("evolving");
    host.exchange(active, host.prepare_former("evolving"));
    CHECK(active->close(std::chrono::seconds(1)).unmapped());
    CHECK(encoded_by(host) == expected);
  }
  CHECK(host.unload("evolving").unmapped());
}

TEST_CASE("a self-test asks for the declared shapes, and accepts an encoder that refuses made-up content") {
  PluginHost host({}, test::short_timeouts());
  for (const char* name : {"counter", "faulty"}) {
    host.load(test::fixture(name).string(), test::in_thread());
    CHECK_NOTHROW(plugin::self_test(*host.revision(name), std::chrono::seconds(1)));
    host.unload(name);
  }
  plugin::EncoderSpec spec;
  spec.inputs.resize(2);
  spec.inputs[0].name = "views";
  spec.inputs[0].kind = plugin::InputKind::Image;
  spec.inputs[0].shape = {6, -1, -1, 3};
  spec.inputs[1].optional = true;
  const plugin::SyntheticSample sample(spec);
  REQUIRE(sample.inputs().size() == 1);
  const auto& shape = sample.inputs()[0].shape;
  CHECK(shape[0] == 6);
  CHECK(shape[1] > 0);
  CHECK(shape[3] == 3);
}

TEST_CASE("an upgrade may change where the plugin runs, and going back changes it back") {
  PluginHost host({}, patient());
  host.load(revision(1).string(), test::in_thread());
  CHECK(host.upgrade("evolving", revision(2), test::in_worker()).unmapped());
  CHECK(host.revision("evolving")->isolation() == plugin::Isolation::Process);
  CHECK(encoded_by(host) == 2);
  const auto active = host.revision("evolving");
  host.exchange(active, host.prepare_former("evolving"));
  CHECK(active->close(std::chrono::seconds(5)).unmapped());
  CHECK(host.revision("evolving")->isolation() == plugin::Isolation::Thread);
  CHECK(encoded_by(host) == 1);
}

TEST_CASE("five hundred upgrades under encodes in flight leave nothing behind") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  PluginHost host({}, patient());
  const auto level = log::level();
  log::set_level(log::Level::Error);
  host.load(revision(1).string(), in(isolation));
  std::atomic<bool> over{false};
  std::atomic<int> odd{0};
  std::mutex encoding;  // a call in flight holds descriptors of its own for a moment: none while we count
  std::thread asking([&] {
    while (!over) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));  // lets the counter have its turn
      const std::lock_guard one(encoding);
      try {
        const float by = encoded_by(host);
        if (by != 1 && by != 2) ++odd;
      } catch (const Error& error) {
        if (error.code() != Errc::FailedPrecondition) ++odd;  // it was asked as it left
      }
    }
  });
  const auto cycle = [&](int turn) {
    REQUIRE(host.upgrade("evolving", revision(turn % 2 == 0 ? 2 : 1), in(isolation)).unmapped());
  };
  for (int i = 0; i < 20; ++i) cycle(i);
  const auto count = [&] {
    const std::lock_guard none(encoding);
    return std::pair(plugin::Footprint::now(), mappings());
  };
  const auto [before, mapped] = count();
  for (int i = 0; i < 500; ++i) cycle(i);
  const auto [after, mapped_after] = count();
  over = true;
  asking.join();
  log::set_level(level);
  std::cout << "500 upgrades, " << name_of(isolation) << ": " << (after - before).text() << ", mappings "
            << mapped << " -> " << mapped_after << '\n';
  CHECK(odd == 0);
  CHECK(after.threads <= before.threads);
  CHECK(after.descriptors <= before.descriptors);
  CHECK(after.static_tls_bytes <= before.static_tls_bytes);
  if (LAT_SANITIZER != 0)
    return;  // its allocator and its shadow memory grow with every address that was ever used
  CHECK(mapped_after <= mapped);
  CHECK(static_cast<double>(after.resident_bytes) <= 1.01 * static_cast<double>(before.resident_bytes));
}
