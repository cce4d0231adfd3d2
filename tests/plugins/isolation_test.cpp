// The bundled encoders, with the weights that come with them, give the same bits wherever they run.
#include <cstring>

#include "core/plugin/plugin_host.hpp"
#include "models/scenes/camera.hpp"
#include "models/scenes/lidar.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;

namespace {

std::vector<std::uint32_t> bits(const plugin::Matrix& matrix) {
  std::vector<std::uint32_t> result(matrix.values().size());
  std::memcpy(result.data(), matrix.values().data(), matrix.values().size_bytes());
  return result;
}

void expect_same_bits(const std::string& name, plugin::Input input) {
  std::vector<plugin::Tokens> results;
  for (const auto& [isolation, sandbox] : {std::pair{plugin::Isolation::Thread, false},
                                           {plugin::Isolation::Process, false},
                                           {plugin::Isolation::Process, true}}) {
    plugin::PluginHost host({test::build_folder() / "lib/lateral"});
    host.load(name, {.isolation = isolation, .worker = {.sandbox = sandbox}});
    const auto encoder = host.make_encoder(name);
    input.name = encoder->spec().inputs[0].name;
    results.push_back(encoder->encode({&input, 1}));
    CHECK(host.unload(name).unmapped());
  }
  for (const auto& other : {std::cref(results[1]), std::cref(results[2])}) {
    CHECK(bits(results[0].tokens) == bits(other.get().tokens));
    REQUIRE(results[0].scores.has_value());
    CHECK(bits(*results[0].scores) == bits(*other.get().scores));
    REQUIRE(results[0].positions.has_value());
    CHECK(bits(*results[0].positions) == bits(*other.get().positions));
  }
}

}  // namespace

TEST_CASE("the camera gives the same bits in a thread, in a process and in a sandbox") {
  const auto ring = scenes::render_camera(scenes::make_scene(5, 5), {60, 100, false, 1});
  expect_same_bits(
      "camera", {{}, plugin::InputKind::Image, plugin::DType::U8, {6, 60, 100, 3}, ring.pixels.data(), {}});
}

TEST_CASE("the LiDAR gives the same bits in a thread, in a process and in a sandbox") {
  const auto cloud = scenes::render_lidar(scenes::make_scene(5, 5));
  expect_same_bits("lidar", {{},
                             plugin::InputKind::Points,
                             plugin::DType::F32,
                             {static_cast<std::int64_t>(cloud.count()), 5},
                             cloud.values.data(),
                             {}});
}
