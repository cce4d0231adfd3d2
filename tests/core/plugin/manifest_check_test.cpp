// The manifest, the ELF note and the running plugin must say the same.
#include "core/plugin/manifest_check.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/plugin/verified_plugin.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
namespace fs = std::filesystem;
using plugin::PluginHost;
using test::failure_of;

namespace {

/// A fixture in a folder of its own, with a manifest.
struct Declared {
  explicit Declared(const std::string& from = {}, const std::string& to = {},
                    const std::string& fixture = "none") {
    fs::copy_file(test::fixture(fixture), file);
    std::string text = "sha256 = \"" + plugin::verify(file).facts.sha256 + "\"\n" + kText;
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    test::write_file(folder / "x.lateral.toml", text);
  }
  std::string problem() const {
    const auto facts = plugin::verify(file).facts;
    return facts.problems.empty() ? "" : facts.problems.front();
  }
  std::string load_failure() const {
    PluginHost host({}, test::short_timeouts());
    return failure_of([&] { host.load(file.string()); }).second;
  }

  static constexpr const char* kText = R"(id = "structural"
version = "1.0.0"
abi = "1.0"
glibc = "2.34"
[[encoder]]
name = "structural"
token_space = "structural-1"
token_width = 1
max_tokens = 1
[[encoder.input]]
name = "bytes"
kind = "raw"
shape = [-1]
)";
  test::TemporaryFolder folder;
  fs::path file = folder / "x.lateral.so";
};

bool has(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("a manifest that disagrees with the library is refused before any code runs") {
  struct Case {
    const char* from;
    const char* to;
    const char* why;
  };
  const Case cases[] = {
      {"\"structural\"", "\"somebody\"", "its manifest says id somebody, its ELF note structural"},
      {"1.0.0", "2.0.0", "version 2.0.0, its ELF note 1.0.0"},
      {"abi = \"1.0\"", "abi = \"1.3\"", "abi 1.3, its ELF note 1.0"},
      {"abi = ", "unload = \"resident\"\nabi = ", "unload resident, its ELF note unmap"},
      {"sha256 = \"", "sha256 = \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\" #",
       "is not the file its manifest was made for"},
      {"2.34", "99.1", "its manifest says glibc 99.1 or later"},
      {"abi = ", "color = \"red\"\nabi = ", "unknown key"},
      {"id = ", "id = = ", "not TOML"},
  };
  for (const auto& [from, to, why] : cases) {
    INFO(why);
    const Declared plugin(from, to);
    CHECK(has(plugin.problem(), why));
    CHECK(has(plugin.load_failure(), why));
  }
}

TEST_CASE("a manifest that the running plugin does not keep is refused, and nothing stays loaded") {
  struct Case {
    const char* from;
    const char* to;
    const char* why;
  };
  const Case cases[] = {
      {"name = \"structural\"\nt", "name = \"other\"\nt", "does not declare the encoder \"structural\""},
      {"structural-1", "structural-2", "token space structural-1, its manifest says structural-2"},
      {"width = 1", "width = 2", "token width 1, its manifest says 2"},
      {"max_tokens = 1", "max_tokens = 9", "max_tokens 1, its manifest says 9"},
      {"\"bytes\"", "\"bits\"", "does not declare the input \"bytes\""},
      {"\"raw\"", "\"text\"", "is raw, its manifest says text"},
      {"[-1]", "[-1, 3]", "has another shape"},
      {"[-1]", "[-1]\noptional = true", "not optional"},
      {"[-1]", "[-1]\n[[encoder]]\nname = \"second\"\n[[encoder.input]]\nname = \"a\"\nkind = \"raw\"",
       "has 1 encoders, its manifest says 2"},
  };
  for (const auto& [from, to, why] : cases) {
    INFO(why);
    const Declared plugin(from, to);
    CHECK(plugin.problem().empty());
    CHECK(has(plugin.load_failure(), why));
  }
  const Declared good;
  PluginHost host({}, test::short_timeouts());
  CHECK(host.load(good.file.string()) == "structural");
  CHECK(host.unload("structural").unmapped());
}

TEST_CASE("what a manifest says of glibc and threads is held against what the library needs") {
  const Declared low("2.34", "2.0", "leaves_mark");
  CHECK(has(low.problem(), "its manifest says glibc 2.0, it needs 2."));
  const auto needed = plugin::verify(test::fixture("leaves_mark")).facts.glibc;
  const Declared exact("2.34", needed, "leaves_mark");
  CHECK_FALSE(needed.empty());
  CHECK(exact.problem().empty());
  const Declared threads("abi = ", "threads = \"none\"\nabi = ", "leaves_thread");
  const auto warnings = plugin::verify(threads.file).facts.warnings;
  CHECK(std::find(warnings.begin(), warnings.end(),
                  "its manifest says threads \"none\", but it can start some") != warnings.end());
  const Declared silent("abi = ", "threads = \"none\"\nabi = ");
  CHECK(plugin::verify(silent.file).facts.warnings.empty());
}

TEST_CASE("an encoder is held against every word of its declaration, unless it may have any inputs") {
  plugin::EncoderSpec spec;
  spec.name = "e";
  spec.modality = "radar";
  spec.inputs = {
      {"sweep", plugin::InputKind::Points, plugin::DType::F32, {-1, 3}, {"x", "y", "z"}, "", 0, false}};
  plugin::PluginFacts facts;
  facts.library_id = "p";
  facts.manifest.emplace();
  auto& declared = facts.manifest->encoders.emplace_back();
  declared.name = "e";
  auto& input = declared.inputs.emplace_back();
  input.name = "sweep";
  input.kind = "points";
  CHECK_NOTHROW(plugin::require_declared(facts, {spec}));  // what is not said cannot be wrong
  const auto refusal = [&](const plugin::EncoderSpec& other) {
    return failure_of([&] { plugin::require_declared(facts, {other}); }).second;
  };
  declared.modality = "lidar";
  CHECK(has(refusal(spec), "has modality radar, its manifest says lidar"));
  declared.modality = "radar";
  input.columns = {"x", "y", "speed"};
  CHECK(has(refusal(spec), "has other columns than its manifest says"));
  input.columns = {"x", "y", "z"};
  input.shape = {-1, 4};
  CHECK(has(refusal(spec), "has another shape than its manifest says"));
  input.shape = {-1, 3};
  CHECK_NOTHROW(plugin::require_declared(facts, {spec}));
  auto scored = spec;
  scored.extras = {{"scores", 1, {}, {}}};
  CHECK(has(refusal(scored), "does not declare the capability lateral.token-scores/1"));
  facts.manifest->capabilities = {"lateral.token-scores/1"};
  CHECK_NOTHROW(plugin::require_declared(facts, {scored}));
  declared.inputs.push_back(input);
  declared.inputs.back().name = "more";
  CHECK(has(refusal(spec), "has 1 inputs, its manifest says 2"));
  declared.any_inputs = true;
  CHECK_NOTHROW(plugin::require_declared(facts, {spec}));
}

TEST_CASE("a manifest that others may change, or that cannot be read, keeps its plugin from loading") {
  const Declared plugin;
  const auto manifest = plugin.folder / "x.lateral.toml";
  fs::permissions(manifest, fs::perms{0666});
  CHECK(has(plugin.problem(), "x.lateral.toml may be changed by everybody"));
  fs::remove(manifest);
  CHECK(plugin.problem().empty());  // without one it is loaded, and said to have none
  CHECK_FALSE(plugin::verify(plugin.file).facts.manifest);
  fs::create_directory(manifest);
  CHECK(has(plugin.problem(), "is a directory"));
}

TEST_CASE("what is shipped declares itself, and says the same three times") {
  for (const char* const name : {"template", "camera", "lidar"}) {
    const auto file = test::build_folder() / "lib/lateral" / (std::string(name) + ".lateral.so");
    if (!fs::exists(file)) continue;  // camera and lidar are built with the models
    INFO(name);
    PluginHost host;
    const auto facts = host.show(file.string());
    REQUIRE(facts.manifest);
    CHECK(facts.manifest->sha256 == facts.sha256);
    CHECK(plugin::problems_in(facts, plugin::Isolation::Thread).empty());
    CHECK(host.load(file.string()) == name);
  }
}

TEST_CASE("list and show run no code of a plugin, loading does") {
  const test::TemporaryFolder folder;
  fs::copy_file(test::fixture("leaves_mark"), folder / "m.lateral.so");
  const auto mark = folder / "mark";
  ::setenv("LATERAL_TEST_MARK", mark.c_str(), 1);
  PluginHost host({folder.path()}, test::short_timeouts());
  REQUIRE(host.list().size() == 1);
  CHECK(host.list()[0].facts->library_id == "structural");
  CHECK(host.show("structural").sha256.size() == 64);
  CHECK_FALSE(fs::exists(mark));
  host.load("structural");
  CHECK(fs::exists(mark));
  ::unsetenv("LATERAL_TEST_MARK");
}
