#include "tests/storm/stage.hpp"

#include <span>

#include "core/format/image.hpp"
#include "core/plugin/plugin_host.hpp"
#include "models/scenes/camera.hpp"
#include "models/scenes/lidar.hpp"
#include "tests/core/runtime/corpus_cases.hpp"

namespace lateral::storm {
namespace {

namespace fs = std::filesystem;

fs::path bundled() {
  return test::build_folder() / "lib/lateral";
}

std::string_view as_text(const void* data, std::size_t bytes) {
  return {static_cast<const char*>(data), bytes};
}

/// What an adapter of a bundled plugin must fit, asked of the plugin itself.
test::AdapterPlan plan_for(const std::string& id) {
  plugin::PluginHost host({bundled()});
  host.load(id, {.isolation = plugin::Isolation::Process});
  const auto spec = host.make_encoder(id)->spec();
  return {.plugin = id, .token_space = spec.token_space, .width = spec.token_width, .base_model = {}};
}

/// Dies and comes back as often as the storm wants.
std::string table(const Sense& sense) {
  std::string text = "[plugin." + sense.id + "]\nlibrary = \"" + sense.library + "\"\nisolation = \"" +
                     sense.isolation + "\"\n";
  if (sense.isolation == "process") text += "restart = \"on-failure\"\nmax_restarts = 1000000\n";
  if (sense.id == "lidar")
    text += R"(columns = ["x", "y", "z", "intensity", "motion"])"
            "\n";
  return text + test::connection(sense.id);
}

/// Cases that hang get little time.
std::string table(const test::CorpusCase& one, const std::string& isolation) {
  return "[plugin." + one.name + "]\nisolation = \"" + isolation +
         "\"\nmemory_limit = \"256MiB\"\nload_timeout = 1\ncall_timeout = 0.3\n[[connection]]\nplugin = \"" +
         one.name + "\"\nblocks = \"last:2\"\nadapter = \"" + (one.is_cpp() ? "throws" : "corpus") +
         ".safetensors\"\n";
}

/// In a thread nothing that keeps its image or its thread for ever: that is growth, and as it must be.
bool belongs(const test::CorpusCase& one, const std::string& isolation) {
  const auto& expected = one.expected(isolation);
  return expected == "refused" || expected == "encode-fails" ||
         ((expected == "quarantined" || expected == "fails") && isolation == "process");
}

}  // namespace

Stage::Stage(std::uint64_t seed) {
  const std::string first = seed % 2 == 0 ? "process" : "thread";
  const std::string second = seed % 2 == 0 ? "thread" : "process";
  add_bundled("camera", first, {pictures(1), pictures(2)});
  add_bundled("lidar", first, {sweep(1), sweep(2)});
  add_sense({"template",
             "template",
             second,
             {world_.write_readings("t1.npy", {0.5F, 1, 2}), world_.write_readings("t2.npy", {-1, 0.25F})},
             {world_.plugin_file("template")}},
            {});
  add_sense({"evolving",
             "evolving",
             second,
             {world_.write_readings("e1.npy", {0.5F, 1, 2}), world_.write_readings("e2.npy", {-1, 0.25F})},
             {world_.revision_file(1), world_.revision_file(2)}},
            test::for_evolving());
  add_sense(
      {"twin", "evolving", second, {world_.write_readings("w1.npy", {2, -0.5F})}, {world_.revision_file(1)}},
      test::for_evolving("evolving-a", 2));
  add_corpus(seed % 3 == 0 ? "thread" : "process");
  config_ = world_ / "storm.toml";
  test::write_file(config_, "[model]\npath = \"model\"\n[plugins]\nsearch = [\"plugins\", \"" +
                                bundled().string() + "\"]\n[run]\nload = []\nthreads = 1\ncontrol = \"" +
                                control().string() + "\"\nmax_new_tokens = 64\n" + text_);
}

void Stage::add_sense(const Sense& sense, const test::AdapterPlan& adapter) {
  world_.write_adapter(sense.id + ".safetensors", adapter);
  text_ += table(sense);
  senses_.push_back(sense);
}

void Stage::add_bundled(const std::string& id, const std::string& isolation,
                        std::vector<std::string> inputs) {
  add_sense({id, id, isolation, std::move(inputs), {bundled() / (id + ".lateral.so")}}, plan_for(id));
}

void Stage::add_corpus(const std::string& isolation) {
  if (LAT_SANITIZER != 0) return;  // see cmake/Compiler.cmake
  test::forbid_rust_backtraces();
  world_.write_adapter("corpus.safetensors",
                       {.plugin = "corpus", .token_space = "corpus-1", .width = 4, .base_model = {}});
  world_.write_adapter("throws.safetensors",
                       {.plugin = "throws", .token_space = "throws-1", .width = 1, .base_model = {}});
  const auto readings = world_.write_readings("corpus.npy", {0.5F, 1, 2, 3, 4, 5}, 2);
  test::write_file(world_ / "corpus.raw", std::string(24, 'x'));
  for (const auto& one : test::corpus_cases()) {
    if (!belongs(one, isolation)) continue;
    bad_.push_back({one.name, test::corpus_file(one, world_ / "files"),
                    one.is_cpp() ? world_ / "corpus.raw" : readings});
    text_ += table(one, isolation);
  }
}

std::string Stage::pictures(int scene) const {
  const auto ring = scenes::render_camera(scenes::make_scene(5, static_cast<std::uint64_t>(scene)));
  const std::size_t bytes = ring.pixels.size() / scenes::kViews;
  std::string words;
  for (std::size_t view = 0; view < scenes::kViews; ++view) {
    const auto* const begin = ring.pixels.data() + view * bytes;
    const auto png = format::encode_png({ring.height, ring.width, {begin, begin + bytes}});
    const auto file = world_ / ("view-" + std::to_string(scene) + "-" + std::to_string(view) + ".png");
    test::write_file(file, as_text(png.data(), png.size()));
    words += (view == 0 ? "" : " ") + file.string();
  }
  return words;
}

std::string Stage::sweep(int scene) const {
  const auto cloud = scenes::render_lidar(scenes::make_scene(5, static_cast<std::uint64_t>(scene)));
  const auto file = world_ / ("sweep-" + std::to_string(scene) + ".bin");
  test::write_file(file, as_text(cloud.values.data(), cloud.values.size() * sizeof(float)));
  return file.string();
}

}  // namespace lateral::storm
