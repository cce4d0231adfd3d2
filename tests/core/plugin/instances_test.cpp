// One library loaded several times at once, under ids of the operator's: plugins that share nothing but the file.

#include <cmath>
#include <future>
#include <string>
#include <vector>

#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::PluginHost;
using plugin::State;
using test::failure_of;

namespace {

plugin::Isolation each_isolation() {
  return GENERATE(plugin::Isolation::Thread, plugin::Isolation::Process);
}

plugin::LoadOptions named(const std::string& id, plugin::Isolation isolation,
                          plugin::OptionMap options = {}) {
  return {.id = id, .options = std::move(options), .isolation = isolation};
}

/// Workers take long to start on a busy machine.
plugin::Timeouts patient() {
  using std::chrono::milliseconds;
  return {milliseconds(10'000), milliseconds(10'000), milliseconds(5000), milliseconds(500)};
}

std::filesystem::path revision(int number) {
  return test::fixture("evolving_" + std::to_string(number));
}

plugin::Tokens encode(plugin::Encoder& encoder) {
  const float value = 0.5F;
  const plugin::Input readings{"readings", plugin::InputKind::Table, plugin::DType::F32, {1, 1}, &value,
                               {"value"}};
  return encoder.encode({&readings, 1});
}

/// Which revision of "evolving" gave the tokens.
float revision_of(PluginHost& host, const std::string& id) {
  return encode(*host.make_encoder(id)).tokens.row(0)[1];
}

float count(plugin::Encoder& encoder) {
  const std::string bytes = "x";
  return encoder.encode(test::bytes_input(bytes)).tokens.row(0)[0];
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("two instances of the template have options, encoders and ends of their own") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  PluginHost host({}, patient());
  const auto file = test::template_plugin().string();
  CHECK(host.load(file, named("left", isolation, {{"gain", 0.5}})) == "left");
  CHECK(host.load(file, named("right", isolation, {{"gain", 2.0}})) == "right");
  CHECK(host.load(file, named({}, isolation)) == "template");  // and one as it always was
  CHECK(host.loaded() == std::vector<std::string>{"left", "right", "template"});
  for (const auto& id : host.loaded()) {
    CHECK(host.revision(id)->id() == id);
    CHECK(host.revision(id)->facts().library_id == "template");
  }
  const auto left = host.make_encoder("left"), right = host.make_encoder("right");
  const auto first_of = [](plugin::Encoder& encoder) { return encode(encoder).tokens.row(0)[0]; };
  CHECK(first_of(*left) == Catch::Approx(std::sin(0.25)).margin(1e-6));
  CHECK(first_of(*right) == Catch::Approx(std::sin(1.0)).margin(1e-6));
  const auto [code, text] = failure_of([&] { host.load(file, named("left", isolation)); });
  CHECK(code == Errc::FailedPrecondition);
  CHECK(has(text, "left is already loaded"));

  CHECK(host.unload("left").unmapped());
  CHECK(has(failure_of([&] { encode(*left); }).second, "left: "));  // not "template"
  CHECK(first_of(*right) == Catch::Approx(std::sin(1.0)).margin(1e-6));
  CHECK(host.unload("template").unmapped());
  CHECK(first_of(*right) == Catch::Approx(std::sin(1.0)).margin(1e-6));
  CHECK(host.unload("right").unmapped());
}

TEST_CASE("what a library keeps in statics is an instance's own") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  PluginHost host({}, patient());
  for (const char* const id : {"a", "b"}) host.load(test::fixture("counter").string(), named(id, isolation));
  const auto a = host.make_encoder("a"), b = host.make_encoder("b");
  CHECK(count(*a) == 1);
  CHECK(count(*a) == 2);
  CHECK(count(*b) == 1);
  CHECK(host.unload("a").unmapped());
  CHECK(count(*b) == 2);
}

TEST_CASE("an instance is proven to be gone while another one encodes, and that one is not disturbed") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  const test::TemporaryFolder folder;
  const auto gate = folder / "gate.1";
  const auto gated = [&](const std::string& id) {
    return named(id, isolation, {{"gate", (folder / "gate").string()}});
  };
  PluginHost host({}, patient());
  host.load(revision(1).string(), gated("front"));
  host.load(revision(1).string(), gated("rear"));
  CHECK(revision_of(host, "front") == 1);
  test::write_file(gate, "");
  const auto rear = host.make_encoder("rear");
  auto tokens = std::async(std::launch::async, [&] { return encode(*rear).tokens.row(0)[0]; });
  while (!std::filesystem::exists(gate.string() + ".entered"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto report = host.unload("front");
  INFO(report.reason);
  CHECK(report.unmapped());
  CHECK(tokens.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  std::filesystem::remove(gate);
  CHECK(tokens.get() == 0.5F);
  CHECK(host.unload("rear").unmapped());
}

TEST_CASE("an instance is upgraded by a revision of its library, and by nothing that is called like it") {
  const auto isolation = each_isolation();
  INFO(name_of(isolation));
  PluginHost host({}, patient());
  host.load(revision(1).string(), named("front", isolation));
  host.load(revision(1).string(), named("template", isolation));  // the id of another library, as a name
  for (const char* const id : {"front", "template"}) {
    const auto [code, text] = failure_of([&] { host.upgrade(id, test::template_plugin()); });
    CHECK(code == Errc::InvalidArgument);
    CHECK(has(text, "is the library \"template\", not \"evolving\" as \"" + std::string(id) + "\" is"));
  }
  CHECK(host.upgrade("front", revision(2), named({}, isolation)).unmapped());
  CHECK(revision_of(host, "front") == 2);
  CHECK(revision_of(host, "template") == 1);
  CHECK(host.revision("front")->id() == "front");

  auto former = host.prepare_former("front");
  CHECK(former.revision->id() == "front");
  const auto active = host.revision("front");
  host.exchange(active, std::move(former));
  CHECK(active->close(std::chrono::seconds(5)).unmapped());
  CHECK(revision_of(host, "front") == 1);
}

TEST_CASE("the list has every instance of a file, and how those ended that are not there") {
  const test::TemporaryFolder folder;
  std::filesystem::copy_file(revision(1), folder / "evolving.lateral.so");
  std::filesystem::copy_file(revision(4), folder / "broken.lateral.so");  // throws in init
  PluginHost host({folder.path()}, test::short_timeouts());
  CHECK_THROWS_AS(
      host.load((folder / "broken.lateral.so").string(), named("rear", plugin::Isolation::Thread)), Error);
  host.load("evolving", named("front", plugin::Isolation::Thread));
  host.load("evolving", named("side", plugin::Isolation::Thread));
  const auto entries = host.list();
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].id == "rear");
  CHECK(entries[0].state == State::Failed);
  CHECK(has(entries[0].message, "no weights today"));
  CHECK(entries[1].id == "front");
  CHECK(entries[2].id == "side");
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(entries[i].state == State::Active);
    CHECK(entries[i].facts->library_id == "evolving");
  }
  host.unload("front");
  host.unload("side");
  REQUIRE(host.list().size() == 2);
  CHECK(host.list()[1].id.empty());
  CHECK(host.list()[1].state == State::Discovered);
}

TEST_CASE("a worker that dies costs its own instance alone") {
  PluginHost host({}, patient());
  const auto file = test::fixture("deadly").string();
  host.load(file, named("doomed", plugin::Isolation::Process, {{"deed", std::string("segv")}}));
  host.load(file, named("other", plugin::Isolation::Process));
  const auto doomed = host.make_encoder("doomed"), other = host.make_encoder("other");
  const auto [code, text] = failure_of([&] { count(*doomed); });
  CHECK(code == Errc::PluginFault);
  CHECK(has(text, "doomed: its worker " + test::crashed_with_segv() + " in encode"));
  CHECK(host.revision("doomed")->state() == State::Quarantined);
  CHECK(count(*other) > 0);
  CHECK(host.revision("other")->state() == State::Active);
}
