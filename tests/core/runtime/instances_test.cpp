// Two senses of one library: what belongs to one is never the other's, and what they are called is the operator's.

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/file.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::runtime;
using Names = std::vector<std::string>;

namespace {

constexpr std::string_view kQuestion = "what is here";

std::string instance(const std::string& id, const std::string& library, const std::string& isolation) {
  return "[plugin." + id + "]\nlibrary = \"" + library + "\"\nisolation = \"" + isolation + "\"\n";
}

std::string each_isolation() {
  return GENERATE(as<std::string>(), "thread", "process");
}

/// Two senses of "evolving", revision 1, each with an adapter, and what each alone gives to an answer.
struct Scene {
  explicit Scene(const std::string& isolation)
      : runtime((world.write_adapter("front.safetensors", test::for_evolving("evolving-a", 1)),
                 world.write_adapter("rear.safetensors", test::for_evolving("evolving-a", 2)),
                 world.config("load = [\"front\", \"rear\"]\n" + instance("front", "evolving", isolation) +
                              instance("rear", "evolving", isolation) + test::connection("front") +
                              test::connection("rear")))) {
    for (const auto& result : runtime.load_configured()) {
      INFO(result.error);
      CHECK(result.error.empty());
    }
  }

  Answer ask(bool front, bool rear) {
    AskOptions options;
    auto& inputs = options.inputs.emplace();
    if (front) inputs["front"] = test::readings({0.5F, 1});
    if (rear) inputs["rear"] = test::readings({-1, 0.25F, 2});
    return runtime.ask(kQuestion, options);
  }
  PluginStatus status(const std::string& id) const {
    for (const auto& plugin : runtime.status().plugins) {
      if (plugin.id == id) return plugin;
    }
    return {};
  }

  test::TinyWorld world;
  Runtime runtime;
};

/// What a host says whose only sense is the library itself, under its own id, with the same adapter and input.
std::string alone(const test::TinyWorld& world, const std::string& adapter, const std::vector<float>& values,
                  int revision = 1) {
  Runtime quiet(world.config("[[connection]]\nplugin = \"evolving\"\nblocks = \"last:2\"\nadapter = \"" +
                             adapter + ".safetensors\"\n"));
  quiet.load(world.revision_file(revision).string());
  quiet.set_input("evolving", test::readings(values));
  return quiet.ask(kQuestion).logits;
}

/// The data directory with another sense's name for the readings of "template".
std::filesystem::path rename_inputs(const std::filesystem::path& data, const std::string& to) {
  auto text = read_text(data / "samples.jsonl", 1U << 20U);
  const std::string from = "\"template\"";
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at))
    text.replace(at, from.size(), '"' + to + '"');
  test::write_file(data / "samples.jsonl", text);
  return data;
}

}  // namespace

TEST_CASE("two senses of one library have connections, inputs and adapters of their own") {
  const auto isolation = each_isolation();
  INFO(isolation);
  Scene scene(isolation);
  CHECK(scene.runtime.attached() == Names{"front", "rear"});
  CHECK(scene.ask(true, true).senses == Names{"front", "rear"});
  const std::string front = alone(scene.world, "front", {0.5F, 1});
  const std::string rear = alone(scene.world, "rear", {-1, 0.25F, 2});
  CHECK(scene.ask(true, false).logits == front);
  CHECK(scene.ask(false, true).logits == rear);
  CHECK(scene.ask(false, true).missing.at(0).connection == "front");
  CHECK(scene.ask(true, true).logits != front);

  // By inputs that were set: one does not see what the other does, nor tokens that were kept of the same file.
  const auto file = scene.world.write_readings("a.npy", {0.5F, 1});
  scene.runtime.set_input("front", {{"", {file}}});
  CHECK(scene.status("front").has_input);
  CHECK_FALSE(scene.status("rear").has_input);
  CHECK(scene.runtime.ask(kQuestion).logits == front);
  scene.runtime.set_input("rear", {{"", {file}}});
  scene.runtime.wire({"rear"});
  CHECK(scene.runtime.ask(kQuestion).logits == alone(scene.world, "rear", {0.5F, 1}));
}

TEST_CASE("unloading one sense of a library is proven, and the other answers on with the same bits") {
  const auto isolation = each_isolation();
  INFO(isolation);
  Scene scene(isolation);
  const std::string rear = scene.ask(false, true).logits;
  const auto unloaded = scene.runtime.unload("front");
  CHECK(unloaded.outcome == "unmapped");
  CHECK(unloaded.detached == Names{"front"});
  CHECK(scene.runtime.attached() == Names{"rear"});
  CHECK(scene.ask(true, true).logits == rear);
  CHECK(test::thrown_by([&] {
          scene.runtime.set_input("front", test::readings({1}));
        }).mentions("'front' is not loaded; loaded: rear"));
  CHECK(scene.runtime.load("front").attached == Names{"front"});
  CHECK(scene.runtime.unload("rear").outcome == "unmapped");
  CHECK(scene.ask(true, true).logits == alone(scene.world, "front", {0.5F, 1}));
}

TEST_CASE("one sense of a library is upgraded and rolled back, the other stays what it is") {
  const auto isolation = each_isolation();
  INFO(isolation);
  Scene scene(isolation);
  const std::string front = scene.ask(true, false).logits, rear = scene.ask(false, true).logits;
  const auto other =
      test::thrown_by([&] { scene.runtime.upgrade("front", scene.world.plugin_file("template")); });
  CHECK(other.code == Errc::InvalidArgument);
  CHECK(other.mentions("not \"evolving\" as \"front\" is"));
  CHECK(scene.ask(true, false).logits == front);

  CHECK(scene.runtime.upgrade("front", scene.world.revision_file(2)).outcome == "unmapped");
  CHECK(scene.status("front").version == "2.0.0");
  CHECK(scene.status("rear").version == "1.0.0");
  CHECK(scene.ask(true, false).logits == alone(scene.world, "front", {0.5F, 1}, 2));
  CHECK(scene.ask(false, true).logits == rear);
  CHECK(scene.runtime.upgrade("rear", scene.world.revision_file(2)).outcome == "unmapped");
  CHECK(scene.runtime.rollback("front").upgrade->version == "1.0.0");
  CHECK(scene.status("rear").version == "2.0.0");
  CHECK(scene.ask(true, false).logits == front);
}

TEST_CASE("status and loading say of which library a sense is an instance") {
  Scene scene("thread");
  CHECK(scene.status("front").library == "evolving");
  scene.runtime.unload("front");
  const auto again = scene.runtime.load("front");
  CHECK(again.plugin == "front");
  CHECK(again.library == "evolving");
  const auto own = scene.runtime.load("evolving");  // there is no such table with a library: its own id
  CHECK(own.plugin == "evolving");
  CHECK(own.library == "evolving");
  scene.runtime.unload("evolving");
  CHECK(scene.runtime.load(scene.world.revision_file(2).string()).plugin == "evolving");
  CHECK(scene.runtime.status().plugins.size() == 3);
}

TEST_CASE("a table whose library is not there says where it is written and what there is") {
  const test::TinyWorld world;
  Runtime runtime(
      world.config("[plugin.signs]\nlibrary = \"evolvign\"\n[plugin.voice]\nlibrary = \"own/x.so\"\n"));
  const auto unknown = test::thrown_by([&] { runtime.load("signs"); });
  INFO(unknown.message);
  CHECK(unknown.code == Errc::NotFound);
  CHECK(unknown.mentions("world.toml:17:11: plugin.signs.library: no plugin \"evolvign\""));
  CHECK(unknown.mentions("there are: counter, evolving"));
  const auto absent = test::thrown_by([&] { runtime.load("voice"); });
  CHECK(absent.code == Errc::NotFound);
  CHECK(absent.mentions("world.toml:19:11: plugin.voice.library: "));
  CHECK(absent.mentions((world / "own/x.so").string() + " is not there"));
  const auto no_table = test::thrown_by([&] { runtime.load("horn"); });
  CHECK(no_table.mentions("no plugin \"horn\""));
  CHECK(no_table.mentions("write [plugin.horn] library = "));
  CHECK(runtime.status().plugins.empty());
}

TEST_CASE("a library by its path is an instance like any other") {
  const test::TinyWorld world;
  std::filesystem::create_directories(world / "own");
  std::filesystem::copy_file(world.revision_file(2), world / "own/mine.so");
  Runtime runtime(world.config(instance("mine", "own/mine.so", "thread")));
  CHECK(runtime.load("mine").version == "2.0.0");
  CHECK(runtime.load("evolving").version == "1.0.0");
  CHECK(runtime.unload("mine").outcome == "unmapped");
}

TEST_CASE("a wrong option of an instance is told with the name of its table") {
  const test::TinyWorld world;
  std::filesystem::copy_file(test::build_folder() / "lib/lateral/template.lateral.toml",
                             world / "plugins/template.lateral.toml");
  Runtime runtime(world.config(instance("left", "template", "thread") +
                               instance("right", "template", "thread") +
                               "[plugin.left.options]\ngain = 2.0\n[plugin.right.options]\ngian = 2.0\n"));
  CHECK(runtime.load("left").plugin == "left");
  const auto error = test::thrown_by([&] { runtime.load("right"); });
  INFO(error.message);
  CHECK(error.code == Errc::InvalidArgument);
  CHECK(error.mentions("plugin.right.options.gian: unknown option of template; did you mean \"gain\"?"));
  CHECK_FALSE(error.mentions("plugin.left"));
}

TEST_CASE("a file whose own id is a table of another library is refused, not given that table's options") {
  const test::TinyWorld world;
  Runtime runtime(world.config(instance("deadly", "evolving", "thread")));
  const auto file = test::build_folder() / "fixtures/plugins/fixture_deadly.lateral.so";
  const auto error = test::thrown_by([&] { runtime.load(file.string()); });
  INFO(error.message);
  CHECK(error.code == Errc::FailedPrecondition);
  CHECK(error.mentions("is the library \"deadly\""));
  CHECK(error.mentions("is an instance of \"evolving\"; give that table another id"));
  CHECK(runtime.load("deadly").library == "evolving");
  CHECK(runtime.load(world.plugin_file("evolving").string()).plugin == "evolving");
}

TEST_CASE("encoders of one library that are used at once are instances of it") {
  const test::TinyWorld world;
  const auto connected = [](const std::string& plugin, const std::string& encoder) {
    return "[[connection]]\nname = \"" + encoder + "\"\nplugin = \"" + plugin + "\"\nencoder = \"" + encoder +
           "\"\n";
  };
  const auto refused = test::thrown_by(
      [&] { Runtime runtime(world.config(connected("counter", "ones") + connected("counter", "tens"))); });
  CHECK(refused.mentions("[plugin.ID] with library = "));
  Runtime runtime(world.config(instance("other", "counter", "thread") + connected("counter", "ones") +
                               connected("other", "tens")));
  for (const auto& result : runtime.load_configured()) CHECK(result.error.empty());
  CHECK(runtime.status().plugins.size() == 2);
}

TEST_CASE("an adapter is of use under whatever name its sense has, and says who learned it") {
  test::TinyWorld world;
  const std::string learning =
      "[adapt]\nmax_steps = 20\nteach_steps = 5\nsummary = false\naligner_hidden = 8\n";
  const auto senses = [&](const std::string& one, const std::string& other) {
    return learning + instance(one, "template", "thread") + instance(other, "template", "thread") +
           test::connection(one) + test::connection(other);
  };
  const auto data = rename_inputs(world.write_data("data", {.train = 40, .test = 4}), "signs");
  std::string logits;
  {
    Runtime runtime(world.config(senses("signs", "voice")));
    runtime.load("signs");
    runtime.load("voice");
    AdaptRequest request;
    request.plugin = "signs";
    request.recordings = runtime.recordings(data);
    request.force = true;
    CHECK(runtime.adapt(request).adapter == world / "signs.safetensors");
    CHECK(runtime.attached() == Names{"signs"});
    runtime.set_input("signs", test::readings({0.5F, 1}));
    logits = runtime.ask(kQuestion).logits;

    // The other one is taught by it, and is no less itself.
    for (auto& moment : request.recordings) moment.senses["voice"] = moment.senses.at("signs");
    request.plugin = "voice";
    request.teacher = "signs";
    runtime.adapt(request);
    CHECK(runtime.attached() == Names{"signs", "voice"});
  }
  const auto signs = connector::load_adapter(world / "signs.safetensors").info();
  CHECK(signs.plugin == "signs");
  CHECK(signs.library == "template");
  const auto voice = connector::load_adapter(world / "voice.safetensors").info();
  CHECK(voice.plugin == "voice");
  CHECK(voice.library == "template");
  CHECK(voice.training.at("teacher") == "signs");

  std::filesystem::rename(world / "signs.safetensors", world / "plates.safetensors");
  Runtime renamed(world.config(senses("plates", "voice")));
  CHECK(renamed.load("plates").attached == Names{"plates"});
  renamed.set_input("plates", test::readings({0.5F, 1}));
  CHECK(renamed.ask(kQuestion).logits == logits);

  // What the numbers mean is not a name, and stays a demand.
  world.write_adapter("plates.safetensors",
                      {.plugin = "plates", .token_space = "template-0", .base_model = {}});
  Runtime refused(world.config(senses("plates", "voice")));
  const auto notes = refused.load("plates").notes;
  CHECK(refused.attached().empty());
  CHECK(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
    return note.find("template-0, this is template-1") != note.npos &&
           note.find("it was trained with plugin plates") != note.npos;
  }));
}
