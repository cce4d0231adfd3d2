#include "fixtures.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

using namespace lateral;
using plugin::PluginHost;
using plugin::State;
using test::failure_of;

TEST_CASE("an id that nobody has is answered with those that are there") {
  const test::TemporaryFolder folder;
  std::filesystem::copy_file(test::template_plugin(), folder / "renamed.lateral.so");
  test::write_file(folder / "broken.lateral.so", "not a library");
  PluginHost host({folder.path()}, test::short_timeouts());
  const auto [code, text] = failure_of([&] { host.load("camera"); });
  CHECK(code == Errc::NotFound);
  CHECK(text.find("there are: template") != std::string::npos);
  CHECK(host.load("template", test::in_thread()) == "template");  // by the id in its note
  CHECK(failure_of([&] { host.load("template", test::in_thread()); }).first == Errc::FailedPrecondition);
}

TEST_CASE("what is refused by a review is not loaded, whatever the review throws, and may be loaded later") {
  PluginHost host({}, test::short_timeouts());
  const auto file = test::fixture("counter").string();
  auto options = test::in_worker();
  options.review = [](const plugin::PluginFacts& facts) {
    CHECK(facts.library_id == "counter");
    throw std::runtime_error("not today");
  };
  CHECK_THROWS_AS(host.load(file, options), std::runtime_error);
  REQUIRE(host.list().size() == 1);
  CHECK(host.list()[0].state == State::Failed);
  CHECK(host.list()[0].message == "not today");
  CHECK(host.load(file, test::in_worker()) == "counter");
  CHECK(host.list()[0].state == State::Active);
}

TEST_CASE("a sandbox in a thread is refused with what to change") {
  PluginHost host({}, test::short_timeouts());
  auto options = test::in_thread();
  options.worker.sandbox = true;
  const auto [code, text] = failure_of([&] { host.load(test::fixture("counter").string(), options); });
  CHECK(code == Errc::InvalidArgument);
  CHECK(text.find("set isolation = \"process\"") != std::string::npos);
}

TEST_CASE("list shows the good and the broken without running them") {
  const test::TemporaryFolder folder;
  std::filesystem::copy_file(test::template_plugin(), folder / "a.lateral.so");
  test::write_file(folder / "b.lateral.so", "not a library");
  PluginHost host({folder.path(), folder / "missing"}, test::short_timeouts());
  auto entries = host.list();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].facts->library_id == "template");
  CHECK(entries[0].state == State::Discovered);
  CHECK_FALSE(entries[1].facts);
  CHECK(entries[1].message.find("not an ELF file") != std::string::npos);

  host.load("template", test::in_thread());
  CHECK(host.list()[0].state == State::Active);
  CHECK(host.unload("template").unmapped());
  CHECK(host.list()[0].state == State::Discovered);
}

TEST_CASE("a file that is named after an id and holds another library is not taken for it") {
  const test::TemporaryFolder folder;
  std::filesystem::copy_file(test::template_plugin(), folder / "camera.lateral.so");
  PluginHost host({folder.path()}, test::short_timeouts());
  const auto [code, text] = failure_of([&] { host.load("camera", test::in_thread()); });
  CHECK(code == Errc::InvalidArgument);
  CHECK(text.find("is the library \"template\"; name it template.lateral.so") != std::string::npos);
  CHECK(host.loaded().empty());
  CHECK(host.list().at(0).state == State::Discovered);  // nothing is wrong with the file
  CHECK(host.load("template", test::in_thread()) == "template");
}

TEST_CASE("show tells what a plugin needs and may do, running none of it") {
  const PluginHost host({}, test::short_timeouts());
  const auto facts = host.show(test::fixture("slow_constructor").string());
  CHECK(facts.library_id == "structural");
  CHECK(facts.problems.empty());
  const auto thread = host.show(test::fixture("leaves_thread").string());
  CHECK(thread.warnings == std::vector<std::string>{"starts threads; they must end in shutdown"});
  CHECK_FALSE(host.show(test::fixture("unique").string()).thread_problems.empty());
  CHECK(host.show(test::fixture("unique").string()).problems.empty());
}

TEST_CASE("the template gives the tokens that its first comment promises") {
  PluginHost host({}, test::short_timeouts());
  host.load(test::template_plugin().string(), test::in_thread({{"gain", 0.5}}));
  const float values[] = {0.25F, -2.0F};
  const plugin::Input readings{"readings", plugin::InputKind::Table, plugin::DType::F32, {2, 1}, values,
                               {"value"}};
  const auto tokens = host.make_encoder("template")->encode({&readings, 1}).tokens;
  REQUIRE(tokens.rows == 2);
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 16; ++j) {
      const double expected = std::sin(0.5 * static_cast<double>(values[i]) * std::exp2(j / 2.0));
      CHECK(tokens.row(i)[static_cast<std::size_t>(j)] == Catch::Approx(expected).margin(1e-6));
    }
  }
  CHECK(failure_of([&] { host.make_encoder("template", "lidar"); }).second.find("it has: template") !=
        std::string::npos);
}
