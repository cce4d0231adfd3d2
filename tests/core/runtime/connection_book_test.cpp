// Adapters come and go in memory and on disk; going back leaves the two agreeing, whoever made the change.

#include "core/runtime/connection_book.hpp"

#include <algorithm>
#include <chrono>

#include "core/base/file.hpp"
#include "core/connector/adapter_file.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using runtime::ConnectionBook;

namespace {

using AdapterRef = std::shared_ptr<const connector::Adapter>;
using Names = std::vector<std::string>;

constexpr const char* kSecond =
    "[[connection]]\nname = \"second\"\nplugin = \"template\"\nblocks = \"last:2\"\nadapter = "
    "\"second.safetensors\"\n";

/// A book over a folder that may have been used before, as a process that starts has it.
struct Process {
  explicit Process(const test::TinyWorld& folder, const std::string& more_connections = {})
      : world(folder),
        config(world.config(test::connection("template") + more_connections)),
        language(std::make_shared<const runtime::Language>(config.model, config.run.stop)),
        manager(std::make_shared<connector::ConnectorManager>(language->layers())),
        sensors(config),
        book(config, language, sensors, manager) {
    sensors.load("template");
  }

  AdapterRef adapter(std::uint64_t seed) const {
    const auto file = world.write_adapter("made", {.base_model = {}, .seed = seed});
    return std::make_shared<const connector::Adapter>(connector::load_adapter(file));
  }
  void publish(const AdapterRef& adapter, bool save) { book.publish("template", adapter, save); }
  void rollback() { book.rollback("template"); }

  std::string in_memory() { return book.adapter_for("template")->identity(); }
  std::string attached() const { return manager->lease()->find("template")->identity; }
  std::string on_disk(const char* name = "template.safetensors") const {
    return connector::load_adapter(world / name).identity();
  }
  std::string previous() const { return on_disk("template.safetensors.previous"); }

  const test::TinyWorld& world;
  config::Config config;
  std::shared_ptr<const runtime::Language> language;
  std::shared_ptr<connector::ConnectorManager> manager;
  runtime::Sensors sensors;
  ConnectionBook book;
};

}  // namespace

TEST_CASE("without a former adapter there is nothing to go back to, and nothing changes") {
  const test::TinyWorld world;
  Process process(world);
  CHECK(test::thrown_by([&] { process.rollback(); }).mentions("no former adapter"));
  const auto first = process.adapter(1);
  process.publish(first, true);
  CHECK(test::thrown_by([&] { process.rollback(); }).code == Errc::FailedPrecondition);
  CHECK(process.attached() == first->identity());
  CHECK(process.on_disk() == first->identity());
}

TEST_CASE("a process that starts later goes back to what an earlier one replaced, and forward again") {
  const test::TinyWorld world;
  std::string first, second;
  {
    Process earlier(world);
    first = earlier.adapter(1)->identity();
    second = earlier.adapter(2)->identity();
    earlier.publish(earlier.adapter(1), true);
    earlier.publish(earlier.adapter(2), true);
  }
  Process later(world);
  later.book.attach("template");
  REQUIRE(later.attached() == second);
  for (int i = 0; i < 2; ++i) {
    later.rollback();
    CHECK(later.attached() == first);
    CHECK(later.in_memory() == first);
    CHECK(later.on_disk() == first);
    CHECK(later.previous() == second);
    later.rollback();
    CHECK(later.attached() == second);
    CHECK(later.on_disk() == second);
  }
  // Also before anything was read, and when the file itself is gone.
  std::filesystem::remove(world / "template.safetensors");
  Process last(world);
  last.rollback();
  CHECK(last.attached() == first);
  CHECK(last.on_disk() == first);
}

TEST_CASE("after a change in memory alone, going back leaves the disk as it was") {
  const test::TinyWorld world;
  Process process(world);
  const auto first = process.adapter(1), second = process.adapter(2);
  process.publish(first, true);
  process.publish(second, false);
  CHECK(process.on_disk() == first->identity());
  process.rollback();
  CHECK(process.attached() == first->identity());
  CHECK(process.on_disk() == first->identity());
  process.rollback();
  CHECK(process.attached() == second->identity());
  CHECK(process.on_disk() == first->identity());
}

TEST_CASE("a saved change after one in memory alone goes back to that one, in memory and on disk") {
  const test::TinyWorld world;
  Process process(world);
  const auto first = process.adapter(1), second = process.adapter(2), third = process.adapter(3);
  process.publish(first, true);
  process.publish(second, false);
  process.publish(third, true);
  CHECK(process.on_disk() == third->identity());
  CHECK(process.previous() == second->identity());  // what was in use, not what the file held
  process.rollback();
  CHECK(process.attached() == second->identity());
  CHECK(process.on_disk() == second->identity());
  process.rollback();
  CHECK(process.attached() == third->identity());
  CHECK(process.on_disk() == third->identity());

  SECTION("and a change in memory that was taken back is not what the next one replaces") {
    process.publish(second, false);
    process.rollback();
    process.publish(first, true);
    CHECK(process.previous() == third->identity());
  }
}

TEST_CASE("a FILE.previous that cannot be used is refused, and memory and disk stay") {
  const test::TinyWorld world;
  Process process(world);
  const auto first = process.adapter(1);
  process.publish(first, true);
  const auto refuse = [&](Errc code) {
    CHECK(test::thrown_by([&] { process.rollback(); }).code == code);
    CHECK(process.attached() == first->identity());
    CHECK(process.on_disk() == first->identity());
  };
  test::write_file(world / "template.safetensors.previous", "half a file");
  refuse(Errc::Corrupt);
  world.write_adapter("template.safetensors.previous", {.token_space = "template-0", .base_model = {}});
  refuse(Errc::AbiMismatch);
}

TEST_CASE("the wiring becomes another one in a single step, or stays when anything is refused") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  world.write_adapter("second.safetensors", {.base_model = {}, .seed = 2});
  Process process(world, kSecond);
  const auto version = [&] { return process.manager->lease().version(); };
  process.book.attach("template");
  const auto before = version();
  CHECK(process.book.wire({"second"}) == Names{"second"});
  CHECK(version() == before + 1);
  CHECK(process.manager->lease()->find("template") == nullptr);
  CHECK(process.book.wire({}) == Names{"template", "second"});
  CHECK(version() == before + 2);

  process.sensors.remove("template");  // as another client's /unload begins
  CHECK(test::thrown_by([&] { process.book.wire({"second"}); }).code == Errc::NotFound);
  CHECK(process.book.wire({}).empty());
  CHECK(process.manager->lease()->connections().size() == 2);
}

TEST_CASE("an adapter's file that is a link stays one, and what it leads to is written and taken back") {
  const test::TinyWorld world;
  std::filesystem::create_directories(world / "store");
  std::filesystem::create_symlink("store/real", world / "template.safetensors");
  Process process(world);
  const auto first = process.adapter(1), second = process.adapter(2);
  process.publish(first, true);
  process.publish(second, true);
  CHECK(process.on_disk("store/real") == second->identity());
  CHECK(process.on_disk("store/real.previous") == first->identity());
  process.rollback();
  CHECK(process.on_disk("store/real") == first->identity());
  CHECK(std::filesystem::is_symlink(world / "template.safetensors"));
  CHECK(process.on_disk() == first->identity());
}

TEST_CASE(
    "what another process writes beside the adapter stays its own, and saving leaves nothing else behind") {
  const test::TinyWorld world;
  Process process(world);
  test::write_file(world / "template.safetensors.new", "half");
  process.publish(process.adapter(1), true);
  process.publish(process.adapter(2), true);
  CHECK(read_text(world / "template.safetensors.new", 100) == "half");
  const std::filesystem::directory_iterator files(world / "");
  CHECK(std::count_if(begin(files), end(files), [](const auto& entry) {
          return entry.path().filename().string().starts_with("template.safetensors");
        }) == 3);
}

TEST_CASE("unloading forgets the adapter that an upgrade brought, not what was learned before") {
  const test::TinyWorld world;
  Process process(world);
  const auto first = process.adapter(1), second = process.adapter(2);
  process.publish(first, true);
  process.publish(second, false);
  const auto brought = world.write_adapter("brought", {.base_model = {}, .seed = 3});
  const auto now = process.sensors.at("template");
  process.book.exchange_sensor(now, process.sensors.prepare("template", world.plugin_file("template")),
                               brought);
  now->revision()->close(std::chrono::seconds(5));
  REQUIRE(process.attached() == process.on_disk("brought"));

  process.sensors.remove("template");
  CHECK(process.book.detach_all_of("template") == Names{"template"});
  process.sensors.unload("template");
  process.sensors.load("template");
  CHECK(process.in_memory() == second->identity());
  process.rollback();
  CHECK(process.in_memory() == first->identity());
}
