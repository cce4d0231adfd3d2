#include "models/recipe/plan.hpp"

namespace lateral::recipe {
namespace {

// Streams of seeds, apart from those that tests and the demo use (small numbers and their own).
enum Stream : std::uint64_t {
  kVocabulary = 101,
  kCamera = 102,
  kLidar = 103,
  kLanguage = 104,
  kConnection = 105
};

Plan seeded(Plan plan, std::uint64_t seed) {
  plan.vocabulary.seed = mix_seed(seed, kVocabulary);
  plan.camera.seed = mix_seed(seed, kCamera);
  plan.lidar.seed = mix_seed(seed, kLidar);
  plan.language.seed = mix_seed(seed, kLanguage);
  plan.connection.seed = mix_seed(seed, kConnection);
  plan.camera.sensor = Sensor::Camera;
  plan.camera.name = "camera";
  plan.lidar.sensor = Sensor::Lidar;
  plan.lidar.name = "lidar";
  return plan;
}

}  // namespace

Plan full_plan(std::uint64_t seed) {
  Plan plan;
  // The LiDAR has half the camera's rows: its first layer keeps them.
  const std::string end = " conv 64 2 2; relu; tokens 24; linear 96; position; attention 4; mlp 192; norm";
  plan.camera.program = "conv 24 2 2; relu; conv 48 2 2; relu;" + end;
  plan.lidar.program = "conv 24 1 2; relu; conv 48 2 2; relu;" + end;
  plan.camera.steps = 3000;
  plan.lidar.steps = 1600;
  plan.camera.scenes = 8000;
  plan.least_encoder = 0.95;
  plan.least_sense = 0.9;
  plan.least_copies = 0.9;
  plan.least_day = 0.85;
  return seeded(plan, seed);
}

Plan quick_plan(std::uint64_t seed) {
  Plan plan;
  plan.vocabulary.pieces = 700;
  plan.vocabulary.scenes = 400;
  const std::string end = " conv 32 2 2; relu; tokens 24; linear 48; position; attention 2; mlp 96; norm";
  plan.camera.program = "conv 12 2 2; relu; conv 24 2 2; relu;" + end;
  plan.lidar.program = "conv 12 1 2; relu; conv 24 2 2; relu;" + end;
  for (EncoderPlan* const encoder : {&plan.camera, &plan.lidar}) {
    encoder->scenes = 600;
    encoder->held_out = 100;
    encoder->steps = 300;
    encoder->batch = 16;
    encoder->rate = 3e-3;
  }
  plan.camera.scenes = 1000;
  plan.camera.steps = 800;  // pictures take longer to make sense of than distances
  plan.language.layers = 4;
  plan.language.hidden = 64;
  plan.language.heads = 2;
  plan.language.intermediate = 128;
  plan.language.connected = 2;
  plan.language.lessons = "sscw";
  plan.language.steps = 700;
  plan.language.batch = 32;
  plan.language.rate = 3e-3;
  plan.language.exam = 300;
  plan.connection.frames = 200;
  plan.connection.blind_frames = 40;
  plan.connection.questions = 60;
  plan.connection.steps = 200;
  plan.connection.exam = 200;
  plan.least_encoder = 0.5;
  plan.least_sense = 0.45;  // 0.40 without looking
  plan.least_copies = 0.2;
  plan.least_day = 0.42;
  return seeded(plan, seed);
}

}  // namespace lateral::recipe
