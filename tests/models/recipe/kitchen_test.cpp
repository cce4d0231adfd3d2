#include "models/recipe/kitchen.hpp"

#include <chrono>
#include <iostream>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "small.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::recipe;

namespace {

Kitchen kitchen_in(const std::filesystem::path& folder, Plan plan) {
  Kitchen kitchen;
  kitchen.command.out = folder / "out";
  kitchen.command.work = folder / "work";
  kitchen.plan = std::move(plan);
  kitchen.say = [](const std::string& line) { std::cout << line << '\n'; };
  return kitchen;
}

/// Enough to pass through every stage, not enough to learn anything.
Plan tiny_plan() {
  Plan plan = quick_plan(4);
  plan.vocabulary.pieces = 600;
  plan.vocabulary.scenes = 150;
  plan.language = test::small_language();
  for (EncoderPlan* const encoder : {&plan.camera, &plan.lidar}) {
    encoder->scenes = 40;
    encoder->held_out = 8;
    encoder->steps = 6;
  }
  plan.connection.frames = 20;
  plan.connection.blind_frames = 8;
  plan.connection.questions = 10;
  plan.connection.steps = 6;
  plan.connection.exam = 10;
  plan.least_encoder = plan.least_sense = 0;
  return plan;
}

std::string all_bytes(const std::filesystem::path& out) {
  std::string bytes;
  for (const char* const file : {"encoders/camera.safetensors", "encoders/lidar.safetensors",
                                 "night-drive/tokenizer.json", "night-drive/model.safetensors",
                                 "night-drive/config.json", "night-drive/adapters/camera.safetensors"}) {
    bytes += read_text(out / file, 64U << 20U);
  }
  return bytes;
}

}  // namespace

TEST_CASE("a recipe that is stopped again and again ends with the same bytes") {
  const test::TemporaryFolder undisturbed, disturbed;
  cook(kitchen_in(undisturbed.path(), tiny_plan()));
  int stops = 0;
  for (bool done = false; !done; ++stops) {
    REQUIRE(stops < 40);
    Kitchen kitchen = kitchen_in(disturbed.path(), tiny_plan());
    // A fast machine reports the ends of phases alone, a slow one also steps within them: both are moments to stop at.
    std::int64_t reports = 0;
    kitchen.progress = [&](const training::Progress&) {
      if (++reports > 1) kitchen.cancel.cancel();
    };
    try {
      cook(kitchen);
      done = true;
    } catch (const Error& error) {
      REQUIRE(error.code() == Errc::Cancelled);
    }
  }
  CHECK(stops > 1);
  CHECK(all_bytes(undisturbed.path() / "out") == all_bytes(disturbed.path() / "out"));
}

TEST_CASE("the quick recipe learns in every stage") {
  const test::TemporaryFolder folder;
  const auto started = std::chrono::steady_clock::now();
  CHECK(cook(kitchen_in(folder.path(), quick_plan(1))));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  std::cout << "quick recipe: " << seconds.count() << " s\n";
}
