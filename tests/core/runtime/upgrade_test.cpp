// A plugin is exchanged for another revision of it while answers go on; each answer is that of one revision.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/base/log.hpp"
#include "core/plugin/footprint.hpp"
#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::runtime;

namespace {

constexpr const char* kQuestion = "what is here";
constexpr const char* kSecond =
    "[[connection]]\nname = \"second\"\nplugin = \"evolving\"\nblocks = \"last:2\"\nadapter = "
    "\"second.safetensors\"\n";

AskOptions seeing(float value = 0.5F) {
  AskOptions options;
  options.inputs.emplace()["evolving"] = test::readings({value, 1, 2});
  return options;
}

/// Where encodes of one revision wait; see the fixture.
class Gate {
 public:
  Gate(const test::TinyWorld& world, int revision)
      : file_(world / ("gate." + std::to_string(revision))), entered_(file_.string() + ".entered") {
    test::write_file(file_, "");
  }
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void wait_until_entered() const {
    while (!std::filesystem::exists(entered_)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void open() const { std::filesystem::remove(file_); }

 private:
  std::filesystem::path file_, entered_;
};

/// A host with revision 1 attached, and what quiet hosts say with each revision.
struct Scene {
  test::TinyWorld world;
  std::string rest;
  Runtime runtime;

  explicit Scene(bool two_connections = false, const std::string& isolation = "thread")
      : rest((world.isolation = isolation, std::string()) + "[plugin.evolving.options]\ngate = \"" +
             (world / "gate").string() + "\"\n" + test::connection("evolving") +
             (two_connections ? kSecond : "")),
        runtime((world.write_adapter("evolving.safetensors", test::for_evolving()),
                 world.write_adapter("second.safetensors", test::for_evolving("evolving-a", 2)),
                 world.write_adapter("b.safetensors", test::for_evolving("evolving-b", 3)),
                 world.config(rest))) {
    runtime.load("evolving");
  }

  std::string quiet(int revision, const AskOptions& options = seeing()) const {
    Runtime other(world.config(revision == 3 ? "[[connection]]\nname = \"evolving\"\nplugin = \"evolving\"\n"
                                               "blocks = \"last:2\"\nadapter = \"b.safetensors\"\n"
                                             : rest));
    other.load(world.revision_file(revision).string());
    return other.ask(kQuestion, options).logits;
  }
  std::string logits() { return runtime.ask(kQuestion, seeing()).logits; }
  std::string version() const { return runtime.status().plugins.at(0).version; }
};

}  // namespace

TEST_CASE("an upgrade that fails anywhere leaves the former revision attached and serving") {
  Scene scene;
  const std::string before = scene.logits();
  const auto refused = [&](const std::filesystem::path& file) {
    const auto error = test::thrown_by([&] { scene.runtime.upgrade("evolving", file); });
    INFO(error.message);
    CHECK(scene.version() == "1.0.0");
    CHECK(scene.runtime.attached() == std::vector<std::string>{"evolving"});
    CHECK(scene.logits() == before);
    CHECK(scene.runtime.ask(kQuestion, seeing()).missing.empty());
    return error;
  };
  CHECK(refused(scene.world / "absent.so").code == Errc::NotFound);
  test::write_file(scene.world / "text.so", "not a library");
  CHECK(refused(scene.world / "text.so").code == Errc::Corrupt);
  const auto other = refused(scene.world.plugin_file("template"));
  CHECK(other.mentions("template"));
  CHECK(other.mentions("evolving"));
  CHECK(refused(scene.world.revision_file(4)).mentions("no weights today"));
  const auto nan = refused(scene.world.revision_file(5));
  CHECK(nan.code == Errc::PluginFault);
  CHECK(nan.mentions("self-test"));
  const auto space = refused(scene.world.revision_file(3));
  CHECK(space.code == Errc::AbiMismatch);
  CHECK(space.mentions("evolving-a"));
  CHECK(space.mentions("evolving-b"));

  const auto adapter = scene.world / "evolving.safetensors";
  CHECK(test::thrown_by([&] {
          scene.runtime.upgrade("evolving", scene.world.revision_file(3), adapter);
        }).code == Errc::AbiMismatch);
  CHECK(scene.logits() == before);
  CHECK(test::thrown_by([&] { scene.runtime.upgrade("template", adapter); }).code == Errc::NotFound);
  CHECK(test::thrown_by([&] { scene.runtime.rollback("evolving"); }).code == Errc::FailedPrecondition);
}

TEST_CASE("the same token space keeps adapter, wiring and input, and going back needs no file") {
  const auto isolation = GENERATE(as<std::string>(), "thread", "process");
  INFO(isolation);
  Scene scene(false, isolation);
  const std::string one = scene.quiet(1), two = scene.quiet(2);
  REQUIRE(one != two);
  REQUIRE(scene.logits() == one);
  scene.runtime.set_input("evolving", test::readings({0.5F, 1, 2}));

  const auto upgraded = scene.runtime.upgrade("evolving", scene.world.revision_file(2));
  CHECK(upgraded.from == "1.0.0");
  CHECK(upgraded.version == "2.0.0");
  CHECK(upgraded.outcome == "unmapped");
  CHECK(scene.version() == "2.0.0");
  CHECK(scene.logits() == two);
  CHECK(scene.runtime.ask(kQuestion).logits == two);  // by the input set before

  std::filesystem::remove(scene.world.plugin_file("evolving"));
  for (int i = 0; i < 2; ++i) {
    const auto back = scene.runtime.rollback("evolving");
    REQUIRE(back.upgrade);
    CHECK(back.upgrade->version == "1.0.0");
    CHECK(back.upgrade->outcome == "unmapped");
    CHECK(scene.logits() == one);
    CHECK(scene.runtime.rollback("evolving").upgrade->version == "2.0.0");
    CHECK(scene.logits() == two);
  }
  CHECK(scene.runtime.unload("evolving").outcome == "unmapped");
  CHECK(scene.runtime.attached().empty());
}

TEST_CASE("tokens that were kept for one revision are not those of another") {
  Scene scene;
  const auto file = scene.world.write_readings("a.npy", {0.5F, 1, 2});
  scene.runtime.set_input("evolving", {{"", {file}}});
  const auto one = scene.runtime.ask(kQuestion).logits;
  scene.runtime.upgrade("evolving", scene.world.revision_file(2));
  const auto two = scene.runtime.ask(kQuestion).logits;
  CHECK(two != one);
  CHECK(two == scene.quiet(2));
  scene.runtime.rollback("evolving");
  CHECK(scene.runtime.ask(kQuestion).logits == one);
}

TEST_CASE("another token space comes with its adapter, in one step there and in one step back") {
  const auto isolation = GENERATE(as<std::string>(), "thread", "process");
  INFO(isolation);
  Scene scene(false, isolation);
  const std::string one = scene.logits();
  const std::string three = scene.quiet(3);
  const auto result =
      scene.runtime.upgrade("evolving", scene.world.revision_file(3), scene.world / "b.safetensors");
  CHECK(result.token_space == "evolving-b");
  CHECK(scene.logits() == three);
  for (int i = 0; i < 2; ++i) {
    scene.runtime.rollback("evolving");
    CHECK(scene.logits() == one);
    CHECK(scene.version() == "1.0.0");
    scene.runtime.rollback("evolving");
    CHECK(scene.logits() == three);
  }
  // Loaded again it is what the configuration says, with the adapter that the configuration names.
  scene.runtime.unload("evolving");
  CHECK(scene.runtime.load("evolving").attached == std::vector<std::string>{"evolving"});
  CHECK(scene.logits() == one);
  CHECK(test::thrown_by([&] { scene.runtime.rollback("evolving"); }).mentions("no former adapter"));
}

TEST_CASE(
    "a plugin that was upgraded with an adapter for the same tokens loads with the configured one again") {
  Scene scene;
  const std::string one = scene.logits();
  const auto brought = scene.world.write_adapter("x.safetensors", test::for_evolving("evolving-a", 9));
  scene.runtime.upgrade("evolving", scene.world.revision_file(2), brought);
  REQUIRE(scene.logits() != scene.quiet(2));
  scene.runtime.unload("evolving");
  scene.runtime.load("evolving");
  CHECK(scene.logits() == one);
  CHECK(test::thrown_by([&] { scene.runtime.rollback("evolving"); }).mentions("no former adapter"));
}

TEST_CASE("the last change is undone first: a rollback after an upgrade leaves the adapter alone") {
  Scene scene;
  scene.world.write_adapter("evolving.safetensors.previous", test::for_evolving("evolving-a", 9));
  const std::string before = scene.logits();
  CHECK_FALSE(scene.runtime.rollback("evolving").upgrade);  // nothing but adapters has changed
  const std::string former_adapter = scene.logits();
  CHECK(former_adapter != before);
  scene.runtime.upgrade("evolving", scene.world.revision_file(2));
  CHECK(scene.runtime.rollback("evolving").upgrade);
  CHECK(scene.logits() == former_adapter);
}

TEST_CASE("an encode that runs ends on the former revision, new ones go to the new one, and nobody waits") {
  const auto isolation = GENERATE(as<std::string>(), "thread", "process");
  INFO(isolation);
  Scene scene(true, isolation);
  const std::string one = scene.quiet(1), two = scene.quiet(2);
  const Gate gate(scene.world, 1);
  auto early = std::async(std::launch::async, [&] { return scene.runtime.ask(kQuestion, seeing()); });
  gate.wait_until_entered();
  auto upgrade = std::async(std::launch::async,
                            [&] { return scene.runtime.upgrade("evolving", scene.world.revision_file(2)); });
  while (scene.version() != "2.0.0") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(scene.logits() == two);  // while the former one still encodes
  CHECK(early.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  CHECK(upgrade.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  gate.open();
  const Answer answer = early.get();
  CHECK(answer.logits == one);
  CHECK(answer.senses == std::vector<std::string>{"evolving", "second"});
  CHECK(upgrade.get().outcome == "unmapped");
}

TEST_CASE(
    "an answer goes by the wiring it looked for, also when an adapter is exchanged while its senses look") {
  Scene scene;
  scene.world.write_adapter("evolving.safetensors.previous", test::for_evolving("evolving-a", 9));
  const std::string before = scene.logits();
  const Gate gate(scene.world, 1);
  auto early = std::async(std::launch::async, [&] { return scene.runtime.ask(kQuestion, seeing()); });
  gate.wait_until_entered();
  scene.runtime.rollback("evolving");
  gate.open();
  CHECK(early.get().logits == before);
  CHECK(scene.logits() != before);
}

TEST_CASE("in a storm of upgrades every answer is whole, of one revision, and no sense is missing") {
  const auto isolation = GENERATE(as<std::string>(), "thread", "process");
  INFO(isolation);
  Scene scene(true, isolation);
  const std::string one = scene.quiet(1), two = scene.quiet(2);
  std::atomic<bool> over{false};
  const auto asking = [&] {
    int odd = 0, answers = 0;
    for (; !over || answers == 0; ++answers) {
      const Answer answer = scene.runtime.ask(kQuestion, seeing());
      odd += (answer.logits != one && answer.logits != two) || !answer.missing.empty();
    }
    return odd;
  };
  auto first = std::async(std::launch::async, asking), second = std::async(std::launch::async, asking);
  for (int i = 0; i < 30; ++i) {
    const auto result = scene.runtime.upgrade("evolving", scene.world.revision_file(i % 2 == 0 ? 2 : 1));
    CHECK(result.outcome == "unmapped");
    if (i % 5 == 0) scene.runtime.rollback("evolving");
  }
  over = true;
  CHECK(first.get() == 0);
  CHECK(second.get() == 0);
}

TEST_CASE("five hundred upgrades of a host that answers leave nothing behind") {
  Scene scene;
  const auto level = log::level();
  log::set_level(log::Level::Error);
  // By a file, so that tokens, keys and values are kept each time.
  scene.runtime.set_input("evolving",
                          {{"", {scene.world.write_readings("a.npy", std::vector<float>(60, 0.5F))}}});
  std::vector<std::string> logits(2);
  const auto cycle = [&](int turn) {
    const int revision = turn % 2 == 0 ? 2 : 1;
    REQUIRE(scene.runtime.upgrade("evolving", scene.world.revision_file(revision)).outcome == "unmapped");
    auto& expected = logits[static_cast<std::size_t>(revision - 1)];
    const auto answer = scene.runtime.ask(kQuestion).logits;
    if (expected.empty()) expected = answer;
    REQUIRE(answer == expected);
  };
  for (int i = 0; i < 50; ++i) cycle(i);
  const auto before = plugin::Footprint::now();
  for (int i = 0; i < 500; ++i) cycle(i);
  const auto after = plugin::Footprint::now();
  log::set_level(level);
  INFO((after - before).text());
  CHECK(logits[0] != logits[1]);
  CHECK(after.threads <= before.threads);
  CHECK(after.descriptors <= before.descriptors);
  CHECK(after.static_tls_bytes <= before.static_tls_bytes);
  if (LAT_SANITIZER == 0)  // its shadow memory grows with every address that was ever used
    CHECK(static_cast<double>(after.resident_bytes) <= 1.01 * static_cast<double>(before.resident_bytes));
}
