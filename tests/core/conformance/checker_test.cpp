// The checker as its users see it. What it finds in bad plugins is the corpus' business (tests/corpus).
#include "core/conformance/checker.hpp"

#include <cstdlib>
#include <set>

#include "core/conformance/catalogue.hpp"
#include "core/conformance/libtorch.hpp"
#include "core/conformance/report.hpp"
#include "core/format/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::conformance;

namespace {

std::filesystem::path program() {
  return test::build_folder() / "bin/lateral-check";
}

Settings settings_for(const std::filesystem::path& file) {
  Settings settings;
  settings.file = file;
  return settings;
}

std::filesystem::path corpus(const std::string& name) {
  return test::build_folder() / "tests/corpus/plugins" / (name + ".lateral.so");
}

void require_conformance(const std::filesystem::path& file, const std::string& id) {
  const auto report = check(settings_for(file), program());
  CAPTURE(file);
  CHECK(report.plugin_id == id);
  for (const auto& finding : report.findings) {
    CAPTURE(finding.id, finding.reason);
    CHECK((finding.verdict == Verdict::Pass || finding.verdict == Verdict::Skip));
  }
}

}  // namespace

TEST_CASE("every test has an id of its own in a group, a promise and an advice") {
  std::set<std::string_view> ids;
  const auto look = [&](const TestInfo& test) {
    CAPTURE(test.id);
    CHECK(ids.insert(test.id).second);
    CHECK(test.id.find('.') != test.id.npos);
    CHECK(test.id.size() < sizeof(BoardMemory::test));
    CHECK_FALSE(test.promise.empty());
    CHECK_FALSE(test.advice.empty());
  };
  for (const auto& test : static_tests()) look(test);
  for (const auto& probe : probes()) {
    for (const auto& test : probe.tests) look(test);
  }
  CHECK(ids.size() > 60);
}

TEST_CASE("bundled plugins conform without a warning") {
  for (const char* const name : {"template", "camera", "lidar"}) {
    require_conformance(test::build_folder() / "lib/lateral" / (std::string(name) + ".lateral.so"), name);
  }
}

#if defined(__x86_64__)
TEST_CASE("the library that was built when ABI 1.0 was frozen conforms without a warning") {
  const test::TemporaryFolder folder;
  const auto file = folder / "frozen.lateral.so";
  std::filesystem::copy_file(test::repository() / "tests/plugin_api/frozen/1.0/frozen.lateral.so", file);
  require_conformance(file, "frozen");
}
#endif

TEST_CASE("only what was asked for is tested and reported") {
  auto settings = settings_for(corpus("good"));
  settings.only = {"contract.handle", "static.entry"};
  const auto report = check(settings, program());
  REQUIRE(report.findings.size() == 4);
  for (const auto& finding : report.findings) {
    CHECK((finding.id == "static.entry" || finding.id.starts_with("contract.handle.")));
    CHECK(finding.verdict == Verdict::Pass);
  }
  settings.only = {"contrac"};
  CHECK(test::thrown_by([&] { check(settings, program()); }).code == Errc::InvalidArgument);
}

TEST_CASE("a plugin that ends the process with status 0 has not passed") {
  auto settings = settings_for(corpus("exit_init"));
  settings.only = {"load"};
  const auto report = check(settings, program());
  REQUIRE(report.find("load.init") != nullptr);
  CHECK(report.find("load.init")->verdict == Verdict::Fail);
  CHECK(report.find("load.init")->reason.find("exit status 0") != std::string::npos);
  CHECK(report.find("load.create")->verdict == Verdict::Skip);
}

TEST_CASE("a plugin that hangs is killed at its time limit") {
  auto settings = settings_for(corpus("hang_init"));
  settings.only = {"load"};
  settings.timeout = std::chrono::milliseconds(300);
  const auto begin = std::chrono::steady_clock::now();
  const auto report = check(settings, program());
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  CHECK(report.find("load.init")->reason.find("still in init") != std::string::npos);
}

TEST_CASE("a write out of bounds is described by the buffer's name") {
  auto settings = settings_for(corpus("writes_input"));
  settings.only = {"load.encode"};
  CHECK(check(settings, program()).find("load.encode")->reason ==
        "it crashed in encode: it wrote to byte 0 of the read-only input \"readings\"");
}

TEST_CASE("the JSON report can be read, and repeats the command") {
  auto settings = settings_for(corpus("not_a_number"));
  settings.only = {"numerics.finite"};
  settings.seed = 99;
  const auto report = check(settings, program());
  const auto json = format::json::parse(json_of(report, settings), "report");
  CHECK(json.at("verdict").as_string() == "fail");
  CHECK(json.at("seed").as_int() == 99);
  CHECK(json.at("counts").at("fail").as_int() == 1);
  const auto test = json.at("tests")[0];
  CHECK(test.at("group").as_string() == "numerics");
  CHECK(test.at("repeat").as_string().find("--seed 99") != std::string_view::npos);
  CHECK(test.at("repeat").as_string().find("--only numerics.finite") != std::string_view::npos);
  CHECK_FALSE(test.at("advice").as_string().empty());
}

TEST_CASE("without libtorch, a plugin that computes with it is not judged, and the report says what to do") {
  ::unsetenv("LATERAL_TORCH");
  ::unsetenv("LD_LIBRARY_PATH");
  auto settings = settings_for(test::build_folder() / "fixtures/plugins/fixture_mixer.lateral.so");
  const auto report = check(settings, program());
  CHECK_THAT(report.obstacle, Catch::Contains("libtorch_cpu.so") && Catch::Contains("--libtorch"));
  CHECK(report.verdict() != Verdict::Fail);
  CHECK(report.find("static.note")->verdict == Verdict::Pass);
  CHECK(report.find("static.libraries")->verdict == Verdict::Skip);
  CHECK(report.find("load.map")->verdict == Verdict::Skip);
  CHECK_THAT(text_of(report, settings), Catch::Contains("was not judged"));
  const auto json = format::json::parse(json_of(report, settings), "report");
  CHECK(json.at("obstacle").as_string() == report.obstacle);
}

TEST_CASE(
    "a folder without libtorch is refused by name, and one that holds it is found with or without lib") {
  const test::TemporaryFolder folder;
  auto settings = settings_for(corpus("good"));
  settings.libtorch = folder.path();
  const auto error = test::thrown_by([&] { check(settings, program()); });
  CHECK(error.code == Errc::NotFound);
  CHECK_THAT(error.message, Catch::Contains(folder.path().string()));
  std::filesystem::create_directory(folder / "lib");
  test::write_file(folder / "lib/libtorch_cpu.so", "");
  CHECK(find_libtorch(folder.path()) == folder / "lib");
  CHECK(find_libtorch(folder / "lib") == folder / "lib");
  ::setenv("LATERAL_TORCH", folder.path().c_str(), 1);
  CHECK(find_libtorch({}) == folder / "lib");
  ::unsetenv("LATERAL_TORCH");
  ::setenv("LD_LIBRARY_PATH", ("/nowhere:" + (folder / "lib").string()).c_str(), 1);
  CHECK(find_libtorch({}) == folder / "lib");
  ::unsetenv("LD_LIBRARY_PATH");
}

TEST_CASE("options of the command line get the types that a configuration would give them") {
  Settings settings;
  settings.options = {{"a", "7"},  {"b", "0.5"},    {"c", "true"},  {"d", "[1, -2,3]"},
                      {"e", "[]"}, {"f", "[1, x]"}, {"g", "\"7\""}, {"h", "x y"}};
  const auto typed = settings.typed_options();
  CHECK(typed.at("a") == plugin::OptionValue(std::int64_t{7}));
  CHECK(typed.at("b") == plugin::OptionValue(0.5));
  CHECK(typed.at("c") == plugin::OptionValue(true));
  CHECK(typed.at("d") == plugin::OptionValue(std::vector<std::int64_t>{1, -2, 3}));
  CHECK(typed.at("e") == plugin::OptionValue(std::vector<std::int64_t>{}));
  CHECK(typed.at("f") == plugin::OptionValue(std::string("[1, x]")));
  CHECK(typed.at("g") == plugin::OptionValue(std::string("7")));
  CHECK(typed.at("h") == plugin::OptionValue(std::string("x y")));
}

TEST_CASE("a file that is not there cannot be checked") {
  CHECK(test::thrown_by([] { check(settings_for("/nowhere/x.so"), program()); }).code == Errc::NotFound);
}
