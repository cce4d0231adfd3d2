#include "models/recipe/encoder.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "models/recipe/plan.hpp"
#include "models/scenes/camera.hpp"
#include "plugins/common/weights.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::recipe;

TEST_CASE("the plugins' network and the one that learns give the same tokens") {
  const c10::NoGradGuard no_gradients;
  const Plan plan = quick_plan(3);
  for (const EncoderPlan& encoder : {plan.camera, plan.lidar}) {
    const TrainableEncoder trained(encoder, 5);
    for (const auto& [name, tensor] : trained.parameters())
      tensor.copy_(tensor.to(at::kHalf));  // as the file holds it
    const test::TemporaryFolder folder;
    trained.save(folder / "weights");
    const auto weights = plugins::Weights::load((folder / "weights").string());
    const plugins::Network network(weights.note("network"), weights);
    CHECK(weights.note("token_space").starts_with(encoder.name + "-"));
    for (std::uint64_t i = 0; i < 3; ++i) {
      const auto scene = scenes::make_scene(71, i);
      auto tokens = network.run(signal_of(encoder.sensor, scene, false)).values;
      const at::Tensor expected = trained.tokens(picture_of(encoder.sensor, scene, false))[0];
      const at::Tensor got = at::from_blob(tokens.data(), {tokens.rows(), tokens.cols()}, at::kFloat);
      CHECK((got - expected).abs().max().item<double>() < 1e-4);
    }
  }
}

TEST_CASE("other weights are another token space") {
  const Plan plan = quick_plan(3);
  const test::TemporaryFolder folder;
  for (const std::uint64_t seed : {1, 2})
    TrainableEncoder(plan.lidar, seed).save(folder / std::to_string(seed));
  TrainableEncoder(plan.lidar, 1).save(folder / "again");
  const auto space = [&](const char* name) {
    return plugins::Weights::load((folder / name).string()).note("token_space");
  };
  CHECK(space("1") != space("2"));
  CHECK(space("1") == space("again"));
}

TEST_CASE("recordings say what is in each token's direction, and nothing about a camera's night") {
  const Series series{9, 0, 8, {}};
  const Recordings camera = record(Sensor::Camera, series, 4), lidar = record(Sensor::Lidar, series, 0);
  for (std::int64_t i = 0; i < series.count; ++i) {
    const auto scene = scenes::make_scene(9, static_cast<std::uint64_t>(i));
    for (int token = 0; token < scenes::kBins; ++token) {
      const auto* const object = scene.at(scenes::bin_of_token(token));
      const auto kind = object == nullptr ? kEmpty : static_cast<std::int64_t>(object->kind);
      const auto status = object == nullptr ? 2 : object->moving ? 1 : 0;
      const bool night = i % 4 == 3;
      CHECK(lidar.kind[i][token].item<std::int64_t>() == kind);
      CHECK(lidar.status[i][token].item<std::int64_t>() == status);
      CHECK(camera.kind[i][token].item<std::int64_t>() == (night ? kUnseen : kind));
      CHECK(camera.status[i][token].item<std::int64_t>() == (night ? 2 : status));
    }
  }
  const at::Tensor first = at::zeros({1}, at::kLong);
  const auto scene = scenes::make_scene(9, 0);
  CHECK((camera.read(first) - picture_of(Sensor::Camera, scene, false)).abs().max().item<double>() < 1e-6);
}
