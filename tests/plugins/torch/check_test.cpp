// The checker on plugins that compute with the host's libtorch: it judges the plugin, not libtorch.
#include <iostream>

#include "../imu/small_weights.hpp"
#include "core/conformance/checker.hpp"
#include "tests/plugins/torch_module/scripts.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::conformance;
using Catch::Contains;

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

/// Long tests go on for as long as they may, so this decides how long a whole check takes.
constexpr std::chrono::milliseconds kTimeout{2'000};

Settings settings_for(const std::filesystem::path& file, Options options) {
  Settings settings;
  settings.file = test::build_folder() / file;
  settings.options = std::move(options);
  settings.timeout = kTimeout;
  return settings;
}

Report checked(const Settings& settings) {
  return check(settings, test::build_folder() / "bin/lateral-check");
}

/// What did not pass, a line each.
std::string text_of_the_rest(const Report& report) {
  std::string text;
  for (const auto& finding : report.findings) {
    if (finding.verdict != Verdict::Pass)
      text += std::string(name_of(finding.verdict)) + " " + finding.id + ": " + finding.reason + "\n";
  }
  return text;
}

/// The whole check of a bundled plugin: every test passes, or is skipped because it is not about this plugin.
void require_conformance(const std::string& name, Options options) {
  const auto settings = settings_for("lib/lateral/" + name + ".lateral.so", std::move(options));
  const auto report = checked(settings);
  INFO(text_of_the_rest(report));
  CHECK(report.obstacle.empty());
  CHECK(report.plugin_id == name);
  for (const auto& finding : report.findings) {
    CAPTURE(finding.id, finding.reason);
    CHECK(finding.verdict != Verdict::Fail);
    CHECK(finding.verdict != Verdict::Warn);
    if (finding.verdict == Verdict::Skip) CHECK_THAT(finding.reason, !Contains("did not pass"));
  }
}

/// What one test says of a plugin that is wrong in one way.
Finding finding_of(const std::string& fault, const std::string& test) {
  auto settings = settings_for("fixtures/plugins/fixture_mixer.lateral.so", {{"fault", fault}});
  settings.only = {test};
  settings.timeout =
      std::chrono::seconds(20);  // these end by their number of rounds, on a busy machine as well
  const auto report = checked(settings);
  REQUIRE(report.findings.size() == 1);
  return report.findings.front();
}

}  // namespace

TEST_CASE("a good plugin that computes with libtorch passes what the bad ones below fail") {
  for (const char* const test :
       {"environment.libtorch", "environment.threads", "environment.keys", "lifecycle.memory",
        "lifecycle.threads", "lifecycle.encodes", "lifecycle.instances", "numerics.finite"}) {
    const auto finding = finding_of("", test);
    CAPTURE(finding.id, finding.reason);
    CHECK(finding.verdict == Verdict::Pass);
  }
}

TEST_CASE("a tensor that is kept for each encode, or for each instance, is a leak") {
  CHECK_THAT(finding_of("leak in encode", "lifecycle.encodes").reason, Contains("memory grows"));
  CHECK_THAT(finding_of("leak in create", "lifecycle.instances").reason, Contains("memory grows"));
  CHECK_THAT(finding_of("leak in create", "lifecycle.memory").reason, Contains("memory grows"));
}

TEST_CASE("tokens of libtorch that are not finite are seen as any others") {
  const auto finding = finding_of("not finite", "numerics.finite");
  CHECK(finding.verdict == Verdict::Fail);
  CHECK_THAT(finding.reason, Contains("nan"));
}

TEST_CASE("what a plugin changes of libtorch for everybody is named, with when") {
  const std::pair<const char*, const char*> kFaults[] = {
      {"threads", "number of threads was 2 and is"},
      {"default type", "default type was float32 and is float64"},
      {"gradients", "recording of gradients was on and is off"},
      {"inference mode", "inference mode was off and is on"}};
  for (const auto& [fault, words] : kFaults) {
    const auto finding = finding_of(fault, "environment.libtorch");
    CAPTURE(fault);
    CHECK(finding.verdict == Verdict::Fail);
    CHECK_THAT(finding.reason, Contains(words) && Contains("after encode"));
  }
}

TEST_CASE("the bundled vision encoder conforms", "[.][vision]") {
  require_conformance(
      "vision", {{"model", (test::repository() / "tests/fixtures/vision/vit").string()}, {"layers", "2"}});
}

TEST_CASE("the bundled encoder of sound conforms", "[.][whisper]") {
  require_conformance(
      "whisper", {{"model", (test::repository() / "tests/fixtures/whisper").string()}, {"windows", "4"}});
}

TEST_CASE("the bundled encoder of LiDAR sweeps conforms", "[.][rangeview]") {
  require_conformance("rangeview", {{"weights", (test::repository() / "tests/fixtures/rangeview").string()}});
}

TEST_CASE("the bundled encoder of motion conforms", "[.][imu]") {
  const test::TemporaryFolder folder;
  test::write(folder / "weights.safetensors", test::small_weights());
  require_conformance(
      "imu", {{"weights", (folder / "weights.safetensors").string()}, {"segment", "5"}, {"windows", "8"}});
}

TEST_CASE("a TorchScript module conforms by its declaration", "[.][torch-module]") {
  const test::TemporaryFolder folder;
  test::save_script({.methods = "def forward(self, x: Tensor):\n"
                                "  y = torch.tanh(torch.matmul(torch.clamp(x, -100.0, 100.0), self.weight))\n"
                                "  return y, y.mean(1)\n",
                     .tensors = {{"weight", at::arange(24, at::kFloat).sin().view({3, 8})}}},
                    folder / "module.pt");
  require_conformance("torch-module", {{"file", (folder / "module.pt").string()},
                                       {"inputs", "rows"},
                                       {"input.rows.kind", "table"},
                                       {"input.rows.columns", "a, b, c"},
                                       {"output.tokens.shape", "[-1, 8]"},
                                       {"output.scores.index", "1"},
                                       {"max_tokens", "5000"}});
}
