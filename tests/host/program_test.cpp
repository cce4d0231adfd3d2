// The program as a process: exit statuses, and standard output that holds answers and JSON alone.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "host/exit_codes.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::host;

namespace {

struct Ran {
  int status = -1;
  std::string out, err;

  bool complains_of(std::string_view part) const { return err.find(part) != err.npos; }
};

std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

// Paths of tests hold no quotes.
Ran lateral_does(const std::string& arguments, const std::string& input = {}) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "in", input);
  const std::string command = quoted(test::build_folder() / "bin/lateral") + " " + arguments + " < " +
                              quoted(folder / "in") + " > " + quoted(folder / "out") + " 2> " +
                              quoted(folder / "err");
  const int status = std::system(command.c_str());
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = read_text(folder / "out", 1U << 20U),
          .err = read_text(folder / "err", 1U << 20U)};
}

/// One a line.
std::vector<format::json::Value> events_in(const std::string& out) {
  std::vector<format::json::Value> events;
  for (std::size_t at = 0; at < out.size();) {
    const auto end = out.find('\n', at);
    events.push_back(format::json::parse(std::string_view(out).substr(at, end - at), "stdout"));
    at = end + 1;
  }
  return events;
}

}  // namespace

TEST_CASE("wrong usage ends with 2 and says what is wrong") {
  auto ran = lateral_does("dance");
  CHECK(ran.status == kExitUsage);
  CHECK(ran.complains_of("dance"));
  CHECK(ran.out.empty());
  CHECK(lateral_does("run").status == kExitUsage);
  CHECK(lateral_does("run -c").status == kExitUsage);
  ran = lateral_does("--help");
  CHECK(ran.status == kExitOk);
  CHECK(ran.out.find("lateral") != std::string::npos);
}

TEST_CASE("all mistakes of a configuration are told at once, and none on standard output") {
  const test::TinyWorld world;
  auto ran = lateral_does("run -c " + quoted(world / "absent.toml"));
  CHECK(ran.status == kExitRequest);
  CHECK(ran.complains_of("absent.toml"));
  test::write_file(world / "bad.toml",
                   "[model]\npath = \"model\"\ndtype = \"float8\"\n[run]\nthreads = -1\nsede = 3\n");
  ran = lateral_does("ask --json -c " + quoted(world / "bad.toml") + " hello");
  CHECK(ran.status == kExitRequest);
  for (const char* mistake : {"bad.toml:3", "bad.toml:5", "bad.toml:6", "float8", "sede"}) {
    INFO(ran.err);
    CHECK(ran.complains_of(mistake));
  }
  CHECK(ran.out.empty());
}

TEST_CASE("files of the wrong kind end with the status for data or request") {
  const test::TinyWorld world;
  test::write_file(world / "text.so", "not a library");
  auto ran = lateral_does("plugin show " + quoted(world / "text.so"));
  CHECK(ran.status == kExitData);
  CHECK(ran.complains_of("text.so"));
  CHECK(ran.out.empty());
  std::filesystem::create_directories(world / "empty");
  ran = lateral_does("model show " + quoted(world / "empty"));
  CHECK(ran.status == kExitRequest);
  CHECK(ran.complains_of("config.json"));
  ran = lateral_does("data check " + quoted(world / "empty"));
  CHECK(ran.status == kExitRequest);
  CHECK(ran.complains_of("samples.jsonl"));
}

TEST_CASE("data check tells what is wrong, and ends with 1 for it and 0 without it") {
  const test::TinyWorld world;
  const auto data = world.write_data("data", {.train = 4, .test = 1});
  auto ran = lateral_does("data check --json " + quoted(data));
  CHECK(ran.status == kExitOk);
  const auto report = format::json::parse(ran.out, "stdout");
  CHECK(report.at("moments").as_int(0, 99) == 5);
  CHECK(report.at("problems").size() == 0);
  CHECK(report.at("problem_count").as_int() == 0);
  std::filesystem::remove(data / "t0.npy");
  ran = lateral_does("data check " + quoted(data));
  CHECK(ran.status == kExitFailed);
  CHECK(ran.out.find("t0.npy") != std::string::npos);
}

TEST_CASE("a folder of recordings is imported into a good data directory, once") {
  const test::TemporaryFolder world;
  for (const char* name : {"yes", "no"}) {
    std::filesystem::create_directories(world / "in" / name);
    for (const char* who : {"anna_1.txt", "bert_1.txt"})
      test::write_file(world / "in" / name / who, std::string(name) + who);
  }
  const std::string import = "data import folder --json --root " + quoted(world / "in") + " --out " +
                             quoted(world / "out") + " --files 'sound={answer}/{group}_*.txt' --test bert";
  auto ran = lateral_does(import);
  CHECK(ran.status == kExitRequest);
  CHECK(ran.complains_of("--question"));
  ran = lateral_does(import + " --question 'which word?'");
  CHECK(ran.status == kExitOk);
  const auto report = format::json::parse(ran.out, "stdout");
  CHECK(report.at("questions_by_split").at("test").as_int() == 2);
  CHECK(report.at("left_out").size() == 0);
  CHECK(lateral_does("data check --decode " + quoted(world / "out")).status == kExitOk);
  ran = lateral_does(import + " --question 'which word?'");
  CHECK(ran.status == kExitState);
  CHECK(ran.complains_of("--replace"));
}

TEST_CASE("an import that may not replace a list writes nothing beside it") {
  const test::TemporaryFolder world;
  std::filesystem::create_directories(world / "in");
  test::write_file(world / "in/a.csv", "x\n1\n2\n");
  const std::string import = "data import windows --root " + quoted(world / "in") + " --out " +
                             quoted(world / "out") +
                             " --files 'imu=*.csv' --columns x --rows 1 --split train";
  CHECK(lateral_does(import).status == kExitOk);
  const auto files = [&] {
    std::set<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world / "out"))
      found.insert(entry.path());
    return found;
  };
  const auto before = files();
  test::write_file(world / "in/a.csv", "x\n3\n4\n");
  const auto ran = lateral_does(import);
  CHECK(ran.status == kExitState);
  CHECK(ran.complains_of("--replace"));
  CHECK(files() == before);
  CHECK(lateral_does(import + " --replace").status == kExitOk);
  CHECK(lateral_does("data check --decode " + quoted(world / "out")).status == kExitOk);
}

TEST_CASE("plugins are shown without being run") {
  const test::TinyWorld world;
  auto ran = lateral_does("plugin show --json " + quoted(world.plugin_file("template")));
  CHECK(ran.status == kExitOk);
  CHECK(format::json::parse(ran.out, "stdout").at("id").as_string() == "template");
  CHECK_FALSE(format::json::parse(ran.out, "stdout").find("manifest"));  // null: it was copied without one
  CHECK(lateral_does("plugin list --search " + quoted(world / "plugins")).out.find("(no manifest)") !=
        std::string::npos);
  const auto shipped = quoted(test::build_folder() / "lib/lateral/template.lateral.so");
  ran = lateral_does("plugin show --json " + shipped);
  const auto shown = format::json::parse(ran.out, "stdout");
  CHECK(shown.at("sha256").as_string().size() == 64);
  CHECK(shown.at("manifest").at("threads").as_string() == "none");
  CHECK(shown.at("thread_problems").size() == 0);
  CHECK(lateral_does("plugin show " + shipped).out.find("input readings: table [any, 1]") !=
        std::string::npos);
}

TEST_CASE("a model directory is shown with what it needs in memory") {
  const test::TinyWorld world;
  const auto ran = lateral_does("model show --json " + quoted(world / "model"));
  CHECK(ran.status == kExitOk);
  const auto shown = format::json::parse(ran.out, "stdout");
  CHECK(shown.at("layers").as_int(0, 99) == 4);
  CHECK(shown.at("memory").at("float32").at("weights").as_int() == 4 * shown.at("parameters").as_int());
  CHECK(shown.at("memory").at("bfloat16").at("kv_per_1000_tokens").as_int() ==
        2 * 2 * 1000 * 4 * shown.at("kv_heads").as_int() * shown.at("head_dim").as_int());
  CHECK(lateral_does("model show " + quoted(world / "model")).out.find("in bfloat16: ") != std::string::npos);
}

TEST_CASE("a model of another family is refused with the families there are") {
  const test::TinyWorld world;
  test::write_file(world / "model/config.json", R"({"model_type": "mamba"})");
  const auto ran = lateral_does("model show " + quoted(world / "model"));
  CHECK(ran.status == kExitRequest);
  CHECK(ran.complains_of("mamba"));
  CHECK(ran.complains_of("gpt_neox"));
  CHECK(ran.complains_of("whisper"));
}

TEST_CASE("an encoder's directory is told from a language model's, with the plugin that takes it") {
  const test::TinyWorld world;
  std::filesystem::create_directories(world / "clip");
  test::write_file(world / "clip/config.json",
                   R"({"model_type": "clip", "vision_config": {"hidden_size": 768, "patch_size": 32}})");
  auto ran = lateral_does("model show " + quoted(world / "clip"));
  CHECK(ran.status == kExitRequest);
  CHECK(ran.complains_of("model.safetensors"));
  std::filesystem::copy_file(world / "model/model.safetensors", world / "clip/model.safetensors");
  ran = lateral_does("model show " + quoted(world / "clip"));
  CHECK(ran.status == kExitOk);
  CHECK(ran.out.find("clip, an encoder for plugin vision") != std::string::npos);
  CHECK(ran.out.find("patch_size: 32") != std::string::npos);
  ran = lateral_does("model show --json " + quoted(world / "clip"));
  CHECK(format::json::parse(ran.out, "stdout").at("sizes").at("hidden_size").as_int() == 768);
}

TEST_CASE("an option that a plugin's manifest does not know is told with its place in the configuration") {
  const test::TinyWorld world;
  std::filesystem::copy_file(test::build_folder() / "lib/lateral/template.lateral.toml",
                             world / "plugins/template.lateral.toml");
  const auto config =
      world.write_config(test::connection("template") + "[plugin.template.options]\ngian = 1\n");
  const auto ran = lateral_does("ask -c " + quoted(config) + " hello");
  CHECK(ran.status == kExitRequest);
  INFO(ran.err);
  CHECK(ran.complains_of("plugin.template.options.gian: unknown option of template; did you mean \"gain\"?"));
  CHECK(ran.complains_of(config.filename().string() + ":"));
}

TEST_CASE("a question is answered with JSON alone on standard output") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  const auto config = world.write_config(test::connection("template"));
  const auto input = world.write_readings("a.npy", {0.5F, 1});
  const auto ran = lateral_does("ask --json -c " + quoted(config) + " --input template=" + quoted(input) +
                                " 'what is here'");
  INFO(ran.err);
  CHECK(ran.status == kExitOk);
  const auto answer = format::json::parse(ran.out, "stdout");
  CHECK(answer.at("senses")[0].as_string() == "template");
  CHECK(answer.at("question").as_string() == "what is here");
}

TEST_CASE("two senses of one library are named by their tables, in every command and event") {
  const test::TinyWorld world;
  for (const std::string id : {"front", "rear"})
    world.write_adapter(id + ".safetensors", test::for_evolving("evolving-a", id.size()));
  const auto config = quoted(world.write_config(
      "load = [\"front\"]\n[plugin.front]\nlibrary = \"evolving\"\n[plugin.rear]\nlibrary = \"evolving\"\n" +
      test::connection("front") + test::connection("rear")));
  const auto seen = quoted(world.write_readings("a.npy", {0.5F, 1}));
  const auto ran = lateral_does("run --json -c " + config,
                                "/load rear\n/input front " + seen + "\n/input rear " + seen +
                                    "\nwhat is here\n/wire rear\nwhat is here\n/upgrade rear " +
                                    quoted(world.revision_file(2)) + "\n/rollback rear\n/unload front\n" +
                                    "/load evolving\n/status\n/quit\n");
  INFO(ran.err);
  INFO(ran.out);
  CHECK(ran.status == kExitOk);
  const auto events = events_in(ran.out);
  std::string told;
  for (const auto& event : events) {
    told += std::string(event.at("event").as_string());
    if (const auto plugin = event.find("plugin")) told += ":" + std::string(plugin->as_string());
    told += " ";
  }
  CHECK(told ==
        "loaded:front ready loaded:rear input:front input:rear answer wired answer upgraded:rear "
        "rolled_back:rear "
        "unloaded:front loaded:evolving status ");
  const auto text = [](const format::json::Value& value) { return std::string(value.as_string()); };
  CHECK(text(events[2].at("library")) == "evolving");
  CHECK(events[5].at("senses").size() == 2);
  REQUIRE(events[7].at("senses").size() == 1);
  CHECK(text(events[7].at("senses")[0]) == "rear");
  CHECK(text(events[10].at("outcome")) == "unmapped");
  const auto plugins = events.back().at("plugins");
  REQUIRE(plugins.size() == 2);
  CHECK(text(plugins[0].at("id")) == "evolving");
  CHECK(text(plugins[1].at("id")) == "rear");
  CHECK(text(plugins[1].at("library")) == "evolving");
  CHECK(lateral_does("run -c " + config, "/status\n/quit\n").out.find("plugin front (evolving 1.0.0)") !=
        std::string::npos);

  // The same names at the command line.
  const auto asked = lateral_does("ask --json -c " + config +
                                  " --set 'run.load=[\"front\", \"rear\"]' --input front=" + seen +
                                  " --input rear.readings=" + seen + " 'what is here'");
  INFO(asked.err);
  CHECK(asked.status == kExitOk);
  CHECK(format::json::parse(asked.out, "stdout").at("logits").as_string() ==
        events[5].at("logits").as_string());
  const auto misspelt = lateral_does("ask -c " + config + " --set plugin.front.library=evolvin hello");
  CHECK(misspelt.status == kExitRequest);
  CHECK(misspelt.complains_of("--set plugin.front.library=evolvin: plugin.front.library: "));
  CHECK(misspelt.complains_of("no plugin \"evolvin\""));
}

TEST_CASE("a sense is adapted by the name of its table") {
  const test::TinyWorld world;
  const auto config = quoted(world.write_config(
      "[adapt]\nmax_steps = 5\nsummary = false\naligner_hidden = 8\n[plugin.thing]\nlibrary = \"faulty\"\n" +
      test::connection("thing")));
  const auto data = world.write_data("data", {.train = 10, .test = 0});
  auto lines = read_text(data / "samples.jsonl", 1U << 20U);
  for (std::size_t at = 0; (at = lines.find("\"faulty.", at)) != lines.npos;)
    lines.replace(at, 8, "\"thing.");
  test::write_file(data / "samples.jsonl", lines);
  const auto ran =
      lateral_does("adapt --json --force -c " + config + " --plugin thing --data " + quoted(data));
  INFO(ran.err);
  CHECK(ran.status == kExitOk);
  CHECK(format::json::parse(ran.out, "stdout").at("connection").as_string() == "thing");
  CHECK(read_text(world / "thing.safetensors", 1U << 24U).find("\"library\":\"faulty\"") !=
        std::string::npos);
}

TEST_CASE("run reads commands from a pipe, tells numbered events, and ends with 1 when one failed") {
  const test::TinyWorld world;
  const auto config = world.write_config("load = []\n" + test::connection("template"));
  auto ran = lateral_does("run --json -c " + quoted(config),
                          "what is here\n/load template\n/unload template\n/quit\n/load x\n");
  INFO(ran.err);
  CHECK(ran.status == kExitOk);
  std::string kinds;
  std::int64_t number = 0;
  for (const auto& event : events_in(ran.out)) {
    CHECK(event.at("n").as_int(0, 99) == ++number);
    kinds += std::string(event.at("event").as_string()) + " ";
  }
  CHECK(kinds == "ready answer loaded unloaded ");
  CHECK(lateral_does("run -c " + quoted(config), "/load absent\nwhat is here").status == kExitFailed);
}

TEST_CASE("what does not load at the start of run is an event, and no command that failed") {
  const test::TinyWorld world;
  const auto config =
      world.write_config("load = [\"absent\", \"template\"]\n" + test::connection("template"));
  const auto ran = lateral_does("run --json -c " + quoted(config), "/quit\n");
  INFO(ran.err);
  CHECK(ran.status == kExitOk);
  const auto events = events_in(ran.out);
  REQUIRE(events.size() == 3);
  CHECK(events[0].at("event").as_string() == "error");
  CHECK(events[0].at("code").as_string() == "NotFound");
  CHECK(events[1].at("event").as_string() == "loaded");
  CHECK(events[2].at("event").as_string() == "ready");
}

TEST_CASE("a folder that cannot be written in ends with the status for the system, before any work") {
  const test::TinyWorld world;
  const auto config = quoted(world.write_config(test::connection("template")));
  auto ran =
      lateral_does("eval -c " + config + " --data " + quoted(world / "absent") + " --report /proc/no/report");
  CHECK(ran.status == kExitSystem);
  CHECK(ran.complains_of("/proc/no/report"));
  ::setenv("LATERAL_SHARE", (world / "absent").c_str(), 1);
  ran = lateral_does("demo --out /proc/no/demo");
  ::unsetenv("LATERAL_SHARE");
  CHECK(ran.status == kExitSystem);
  CHECK(ran.complains_of("/proc/no/demo"));
  CHECK(lateral_does("plugin new probe --lang c --dir /proc/no/probe").status == kExitSystem);
}

TEST_CASE("adapting without knowing from whom ends with the status for the wrong state") {
  const test::TinyWorld world;
  const auto config = world.write_config(test::connection("template") + test::connection("faulty"));
  const auto data = world.write_data("data", {.train = 10, .test = 0});
  const auto ran = lateral_does("adapt -c " + quoted(config) + " --plugin faulty --teacher template --data " +
                                quoted(data));
  INFO(ran.err);
  CHECK(ran.status == kExitState);
  CHECK(ran.complains_of("train one: lateral adapt"));
  CHECK(ran.out.empty());
}
