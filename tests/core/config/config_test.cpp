#include "core/config/config.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using config::Config;
using test::code_of;
using test::thrown_by;
using Texts = std::vector<std::string>;

namespace {

const std::string kModel = "[model]\npath = \"m\"\n";

Config parse(const std::string& text, const Texts& overrides = {}) {
  return config::parse(text, "/cfg/night.toml", overrides);
}

/// The lines after "config: N mistakes".
Texts mistakes(const std::string& text, const Texts& overrides = {}) {
  const auto error = thrown_by([&] { parse(text, overrides); });
  CHECK(error.code == Errc::InvalidArgument);
  Texts lines;
  std::size_t at = error.message.find('\n');
  while (at != std::string::npos) {
    const std::size_t end = error.message.find('\n', at + 1);
    lines.push_back(error.message.substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  CHECK(error.message.starts_with("config: " + std::to_string(lines.size()) +
                                  (lines.size() == 1 ? " mistake" : " mistakes")));
  return lines;
}

}  // namespace

TEST_CASE("a missing file is NotFound, and a file without a model says so") {
  CHECK(code_of([] { config::load("/nonexistent/night.toml"); }) == Errc::NotFound);
  CHECK(mistakes("") == Texts{"/cfg/night.toml:1:1: model: this key is needed"});
  CHECK(mistakes("[model]\n") == Texts{"/cfg/night.toml:1:1: model.path: this key is needed"});
}

TEST_CASE("every mistake of a file is reported at once, in the order of the file") {
  CHECK(
      mistakes(R"([model]
path = ""
dtype = "fp32"
device = "gpu"
[plugins]
search = "plugins"
[plugin.camera]
isolaton = true
[plugin.camera.options]
when = 2026-01-01
[[connection]]
plugin = "camera"
bloks = "last:4"
[[connection]]
method = 3
[run]
seed = -1
threads = 1.5
beams = 100
[adapt]
budget = "soon"
token_dropout = nan
[colour]
)") ==
      Texts{
          R"(/cfg/night.toml:2:8: model.path: expected a path, found the text "")",
          R"(/cfg/night.toml:3:9: model.dtype: expected one of "float32", "float16", "bfloat16", found the text "fp32")",
          R"(/cfg/night.toml:4:10: model.device: expected "cpu", "cuda" or "cuda:N", found the text "gpu")",
          R"(/cfg/night.toml:6:10: plugins.search: expected a list of texts that are not empty, found the text "plugins")",
          R"(/cfg/night.toml:8:1: plugin.camera.isolaton: unknown key; did you mean "isolation"?)",
          R"(/cfg/night.toml:10:8: plugin.camera.options.when: expected a text, a number, true or false, a list of integers, or a table of these, found a date or time)",
          R"(/cfg/night.toml:13:1: connection.0.bloks: unknown key; did you mean "blocks"?)",
          R"(/cfg/night.toml:14:1: connection.1.plugin: this key is needed)",
          R"(/cfg/night.toml:15:10: connection.1.method: expected a text, found the integer 3)",
          R"(/cfg/night.toml:17:8: run.seed: expected an integer from 0 to 9223372036854775807, found the integer -1)",
          R"(/cfg/night.toml:18:11: run.threads: expected an integer from 0 to 1024, found the number 1.5)",
          R"(/cfg/night.toml:19:9: run.beams: expected an integer from 1 to 64, found the integer 100)",
          R"(/cfg/night.toml:21:10: adapt.budget: expected a time such as "60s", "5m" or a number of seconds above 0, found the text "soon")",
          R"(/cfg/night.toml:22:17: adapt.token_dropout: expected a number from 0 to 0.95, found the number nan)",
          R"(/cfg/night.toml:23:2: colour: unknown key; known here: adapt, connection, model, plugin, plugins, run)",
      });
}

TEST_CASE("tables inside a plugin's options are dotted keys, and the same key twice is refused") {
  const std::string text = kModel + R"([plugin.a.options]
input.sound.kind = "audio"
[plugin.a.options.input.sound2]
rate_hz = 16000
)";
  const auto config = parse(text);
  const auto& options = config.plugins[0].options;
  REQUIRE(options.size() == 2);
  CHECK(options[0].key == "input.sound.kind");
  CHECK(options[1].key == "input.sound2.rate_hz");
  CHECK(std::get<std::int64_t>(options[1].value) == 16000);
  CHECK(mistakes(text + "[plugin.a.options.\"input.sound\"]\nkind = \"audio\"\n").size() == 1);
}

TEST_CASE("where a plugin runs is read, and a sandbox in a thread is refused") {
  const auto config = parse(kModel + R"([plugin.lidar]
isolation = "process"
sandbox = true
restart = "on-failure"
max_restarts = 3
memory_limit = "512MiB"
load_timeout = "2m"
call_timeout = 0.5
[plugin.camera]
)");
  REQUIRE(config.plugins.size() == 2);
  CHECK(config.plugins[0].isolation == "process");
  CHECK(config.plugins[0].sandbox);
  CHECK(config.plugins[0].restart == "on-failure");
  CHECK(config.plugins[0].max_restarts == 3);
  CHECK(config.plugins[0].memory_limit == std::int64_t{512} << 20U);
  CHECK(config.plugins[0].load_timeout == 120);
  CHECK(config.plugins[0].call_timeout == 0.5);
  CHECK_FALSE(config.plugins[1].call_timeout);
  CHECK_FALSE(config.plugins[1].isolation);
  CHECK(config.plugins[1].restart == "never");
  CHECK(config.plugins[1].memory_limit == std::int64_t{2} << 30U);

  const auto found = mistakes(kModel + "[plugin.lidar]\nisolation = \"thread\"\nsandbox = true\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("/cfg/night.toml:5:11: plugin.lidar.sandbox: a thread of the host cannot be"));
  CHECK(
      mistakes(kModel + "[plugin.lidar]\nisolation = \"none\"\n") ==
      Texts{
          R"(/cfg/night.toml:4:13: plugin.lidar.isolation: expected one of "thread", "process", found the text "none")"});
  for (const std::string size :
       {"\"2\"", "\"2GB\"", "\"-1GiB\"", "\"99999999999GiB\"", "\"1MiB\"", "1.5", "true"}) {
    INFO(size);
    CHECK(mistakes(kModel + "[plugin.lidar]\nmemory_limit = " + size + "\n").size() == 1);
  }
  CHECK(mistakes(kModel + "[plugin.lidar]\nrestart = \"always\"\nmax_restarts = 0\n").size() == 2);
}

TEST_CASE("a table names the library that it is an instance of, by an id or by a path") {
  const auto config = parse(kModel + R"([plugin.signs]
library = "torch-module"
[plugin.voice]
library = "../lib/own.lateral.so"
[plugin.near]
library = "near.so"
[plugin.camera]
)",
                            {"plugin.far.library=./far.so"});
  REQUIRE(config.plugins.size() == 5);
  const auto library_of = [&](const std::string& id) {
    for (const auto& plugin : config.plugins) {
      if (plugin.id == id) return plugin.library;
    }
    throw std::runtime_error("no table " + id);
  };
  CHECK(library_of("signs")->id == "torch-module");
  CHECK(library_of("signs")->file.empty());
  CHECK(library_of("signs")->where.text() == "/cfg/night.toml:4:11");
  CHECK(library_of("voice")->id.empty());
  CHECK(library_of("voice")->file == "/lib/own.lateral.so");
  CHECK(library_of("near")->file == "/cfg/near.so");
  CHECK(library_of("far")->file == std::filesystem::current_path() / "far.so");
  CHECK_FALSE(library_of("camera"));
  // Read from a relative file it is no less a path, whatever folder the program goes to.
  const auto relative = config::parse(kModel + "[plugin.a]\nlibrary = \"./a.so\"\n", "night.toml");
  CHECK(relative.plugins[0].library->file == std::filesystem::current_path() / "a.so");
}

TEST_CASE("what names no library is refused") {
  const std::string expected =
      "/cfg/night.toml:4:11: plugin.signs.library: expected the id of a library, or a path with a / in it or "
      "ending in .so, found ";
  const std::pair<std::string, std::string> wrong[] = {{"7", "the integer 7"},
                                                       {"\"\"", "the text \"\""},
                                                       {"\"two words\"", "the text \"two words\""},
                                                       {"[\"camera\"]", "a list"}};
  for (const auto& [value, found] : wrong)
    CHECK(mistakes(kModel + "[plugin.signs]\nlibrary = " + value + "\n") == Texts{expected + found});
}

TEST_CASE("two tables of one id are refused, saying what to do") {
  const auto twice = mistakes(kModel + "[plugin.signs]\nlibrary = \"a\"\n[plugin.signs]\nlibrary = \"b\"\n");
  REQUIRE(twice.size() == 1);
  INFO(twice[0]);
  CHECK(twice[0].starts_with("/cfg/night.toml:5:"));
  CHECK(twice[0].find("plugin.signs") != std::string::npos);
  CHECK(twice[0].find("another name") != std::string::npos);
}

TEST_CASE("the bundled configurations are read without a complaint, and two senses can share a library") {
  for (const auto& file : std::filesystem::directory_iterator(test::repository() / "configs")) {
    if (file.path().extension() == ".toml") CHECK_FALSE(config::load(file.path()).connections.empty());
  }
  const auto config = config::load(test::repository() / "configs/two-modules.toml");
  REQUIRE(config.plugins.size() == 2);
  REQUIRE(config.connections.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(config.plugins[i].library->id == "torch-module");
    CHECK(config.plugins[i].id == config.connections[i].plugin);
    CHECK_FALSE(config.plugins[i].options.empty());
  }
  CHECK(config.connections[0].adapter != config.connections[1].adapter);
}

TEST_CASE("a text that is not TOML says where, and so does a key given twice") {
  CHECK(mistakes("[model]\npath = \n")[0].starts_with("/cfg/night.toml:2:8: not TOML: "));
  CHECK(mistakes("[model]\npath = \"a\"\npath = \"b\"\n")[0].starts_with("/cfg/night.toml:3:"));
  CHECK(mistakes("[model]\npath = \"\xFF\"\n").size() == 1);
  CHECK(mistakes("a = " + std::string(100000, '[')).size() == 1);
}

TEST_CASE("tables and lists in the wrong place are told by what they are") {
  CHECK(mistakes("model = 3\nrun = []\n[connection]\nplugin = \"a\"\n") ==
        Texts{"/cfg/night.toml:1:9: model: expected a table, found the integer 3",
              "/cfg/night.toml:2:7: run: expected a table, found a list",
              "/cfg/night.toml:3:1: connection: expected tables written [[connection]], found a table"});
  CHECK(mistakes(kModel + "[plugin]\ncamera = 1\n") ==
        Texts{"/cfg/night.toml:4:10: plugin.camera: expected a table, found the integer 1"});
}

TEST_CASE("two connections of one name are told apart by a name") {
  const std::string twice = kModel + "[[connection]]\nplugin = \"a\"\n[[connection]]\nplugin = \"a\"\n";
  CHECK(mistakes(twice) == Texts{"/cfg/night.toml:5:1: connection: the name \"a\" is taken by the one at "
                                 "/cfg/night.toml:3:1; give this one a `name`"});
  const Config config = parse(twice + "name = \"a-again\"\n");
  CHECK(config.connections[0].name == "a");
  CHECK(config.connections[1].name == "a-again");
}

TEST_CASE("ids are plain words") {
  for (const char* bad : {"", "../a", "-a", "a b", "\\u00e9"}) {
    CAPTURE(bad);
    CHECK(mistakes(kModel + "[[connection]]\nplugin = \"" + bad + "\"\n").size() == 1);
  }
  CHECK(mistakes(kModel + "[plugin.\"a/b\"]\n").size() == 1);
}

TEST_CASE("what is written is what is read, and what is absent has its default") {
  const Config config = parse(R"([model]
path = "../models/night-drive"
device = "cuda:1"
[plugins]
search = ["../plugins", "/opt/plugins"]
[plugin.lidar.options]
bins = 32
[plugin.camera.options]
name = "front"
gain = 0.5
views = 6
flip = false
order = [2, 0, 1]
[[connection]]
plugin = "camera"
encoder = "front"
blocks = "last:4"
reduce = { method = "prumerge", max_tokens = 24 }
adapter = "adapters/camera-day.safetensors"
lora = { rank = 4 }
[[connection]]
plugin = "lidar"
blocks = [4, 5, 6]
[run]
control = "run.sock"
temperature = 1
stop = ["\n"]
[adapt]
budget = "2m"
)");
  CHECK(config.file == "/cfg/night.toml");
  CHECK(config.model.path == "/models/night-drive");
  CHECK(config.model.dtype == "float32");
  CHECK(config.model.device == "cuda:1");
  CHECK(config.plugin_search == std::vector<std::filesystem::path>{"/plugins", "/opt/plugins"});
  REQUIRE(config.plugins.size() == 2);
  CHECK(config.plugins[0].id == "lidar");  // in file order, not by name
  const auto& options = config.plugins[1].options;
  REQUIRE(options.size() == 5);
  CHECK(options[0].key == "name");
  CHECK(std::get<std::string>(options[0].value) == "front");
  CHECK(std::get<double>(options[1].value) == 0.5);
  CHECK(std::get<std::int64_t>(options[2].value) == 6);
  CHECK_FALSE(std::get<bool>(options[3].value));
  CHECK(std::get<std::vector<std::int64_t>>(options[4].value) == std::vector<std::int64_t>{2, 0, 1});
  CHECK(options[4].where.text() == "/cfg/night.toml:13:9");

  REQUIRE(config.connections.size() == 2);
  const auto& camera = config.connections[0];
  CHECK(camera.name == "camera");
  CHECK(camera.method == "late-kv");
  CHECK(camera.encoder == "front");
  CHECK(std::get<std::string>(camera.blocks.value) == "last:4");
  CHECK(camera.reduce.method == "prumerge");
  CHECK(camera.reduce.max_tokens == 24);
  CHECK(camera.adapter == "/cfg/adapters/camera-day.safetensors");
  CHECK(camera.lora->rank == 4);
  const auto& lidar = config.connections[1];
  CHECK(std::get<std::vector<std::int64_t>>(lidar.blocks.value) == std::vector<std::int64_t>{4, 5, 6});
  CHECK(lidar.blocks.where.text() == "/cfg/night.toml:23:10");
  CHECK_FALSE(lidar.adapter);
  CHECK_FALSE(lidar.lora);
  CHECK(lidar.reduce.method == "none");
  CHECK(config.run.control == "/cfg/run.sock");
  CHECK(config.run.temperature == 1.0);
  CHECK(config.run.max_new_tokens == 64);
  CHECK(config.adapt.budget_seconds == 120);
}

TEST_CASE("overrides win, need no quotes, reach into lists, and take paths from the working directory") {
  const std::string text =
      kModel + "[run]\nseed = 1\n[[connection]]\nplugin = \"a\"\n[[connection]]\nplugin = \"b\"\n";
  const Config config = parse(
      text, {"run.seed=7", "model.device=cuda", "model.path=other/model", "connection.1.blocks=[1, 2]",
             "connection.0.blocks=last:2", "plugin.camera.options.views=6", "connection.0.lora.rank=2"});
  CHECK(config.run.seed == 7);
  CHECK(config.model.device == "cuda");
  CHECK(config.model.path == std::filesystem::current_path() / "other/model");
  CHECK(std::get<std::vector<std::int64_t>>(config.connections[1].blocks.value) ==
        std::vector<std::int64_t>{1, 2});
  CHECK(std::get<std::string>(config.connections[0].blocks.value) == "last:2");
  CHECK(config.connections[0].lora->rank == 2);
  REQUIRE(config.plugins.size() == 1);
  CHECK(std::get<std::int64_t>(config.plugins[0].options[0].value) == 6);
}

TEST_CASE("a wrong override is reported beside the file's mistakes, by what was typed") {
  CHECK(
      mistakes(kModel + "[[connection]]\nplugin = \"a\"\nx = 1\n",
               {"run.sede=7", "run.threads=many", "nonsense", "connection.5.blocks=all", "=1"}) ==
      Texts{
          "/cfg/night.toml:5:1: connection.0.x: unknown key; known here: adapter, blocks, encoder, lora, "
          "method, "
          "name, plugin, reduce",
          "--set nonsense: expected KEY=VALUE, e.g. run.seed=7",
          "--set connection.5.blocks=all: connection.5: expected an index from 0 to 0 and a key, as in "
          "connection.0.KEY=VALUE",
          "--set =1: expected KEY=VALUE, e.g. run.seed=7",
          "--set run.threads=many: run.threads: expected an integer from 0 to 1024, found the text \"many\"",
          "--set run.sede=7: run.sede: unknown key; did you mean \"seed\"?"});
}

TEST_CASE("a file on disk is read with paths beside it") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.toml", kModel);
  CHECK(config::load(folder / "a.toml").model.path == folder / "m");
}

TEST_CASE("damaged configurations give an error or a configuration and nothing else") {
  const std::string text =
      kModel + "[plugin.a.options]\nx = [1, 2]\n[[connection]]\nplugin = \"a\"\nblocks = [1]\n";
  test::check_flips(
      test::to_bytes(text),
      [](std::span<const std::byte> bytes) {
        config::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "/cfg/x.toml");
      },
      2000);
}

TEST_CASE("a dotted key of a million parts is one mistake, hidden behind a string or not") {
  std::string deep;
  for (int i = 0; i < 500'000; ++i) deep += "a.";
  const auto refused = [](const std::string& text, const Texts& overrides = {}) {
    return thrown_by([&] { parse(text, overrides); }).mentions("more than 32 parts");
  };
  CHECK(refused("\n" + deep + "a = 1\n"));
  CHECK(refused("[" + deep + "a]\n"));
  CHECK(refused(kModel, {deep + "a=1"}));
  for (const char* before : {"x = '''#'''", R"(x = """\"""")", R"(x = """a""""" # ')",
                             R"(y = ["'", '"', 1.5])", R"(x = '\')", "# \""}) {
    CAPTURE(before);
    CHECK(refused(std::string(before) + "\n" + deep + "a = 1\n"));
  }
  CHECK(refused(R"(x = ["""a"""", {)" + deep + "a = 1}]"));
  const std::string dots(60, '.');  // no key: dots in strings and comments count for nothing
  CHECK_NOTHROW(parse("# " + dots + "\n[model]\npath = \"" + dots + "\"\n"));
}

TEST_CASE("of very many mistakes a hundred are shown") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + " = 1\n";
  const auto error = thrown_by([&] { parse(text); });
  CHECK(error.mentions("5001 mistakes"));
  CHECK(error.mentions("and 4901 more"));
  CHECK(std::count(error.message.begin(), error.message.end(), '\n') == 101);
}

TEST_CASE("what a message shows of the file ends at a whole character and moves no cursor") {
  const auto lines =
      mistakes("\"\\u001b[2J\" = 1\n" + kModel + "device = \"" + std::string(39, 'x') + "\xC3\xA9\"\n");
  CHECK(lines.at(0).find("\\x1B[2J: unknown key") != std::string::npos);
  CHECK(lines.at(1).find(std::string(39, 'x') + "...\"") != std::string::npos);
}

TEST_CASE("a syntax error shows what it found without control characters") {
  CHECK(mistakes("x = n\x01").at(0).find("\\x01") != std::string::npos);
}
