// Answers run on several threads while another attaches and detaches. What was answered before, during and after
// must be what a quiet run answers.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/connector/connector_manager.hpp"
#include "core/model/generate.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;

namespace {

constexpr int kLayers = 6;
constexpr int kSwaps = 200;
constexpr int kAskers = 3;
constexpr int kAnswers = 50;

struct Answered {
  model::Ids ids;
  at::Tensor last_logits;
};

struct Stage {
  model::DecoderSpec spec = test::llama_spec();
  model::Decoder decoder = test::small_decoder(spec, 13);
  connector::ConnectorManager manager{kLayers};
  std::shared_ptr<const connector::Connection> camera =
      test::connect("camera", spec, {.seed = 1, .lora = true});
  std::shared_ptr<const connector::Connection> lidar =
      test::connect("lidar", spec, {.blocks = "1,4", .seed = 2, .lora = true});
  connector::Samples samples{{"camera", {"frame", test::some_tokens(1, 6, 1)}},
                             {"lidar", {"frame", test::some_tokens(1, 3, 2)}}};

  Answered ask() {
    const auto answer = manager.begin_answer(samples);
    return run(answer.get());
  }
  Answered run(model::Attachments* attachments) const {
    model::GenerateOptions options;
    options.max_new_tokens = 64;
    options.ignore_eos = true;
    const auto made = model::generate(decoder, {{7, 21, 3, 50}}, options, attachments);
    return {made[0].ids, made[0].last_logits};
  }
  /// What a quiet run answers with these attached, in this order.
  Answered quiet(const std::vector<std::shared_ptr<const connector::Connection>>& attached) const {
    std::map<std::string, connector::Tokens> tokens;
    for (const auto& [id, sample] : samples) tokens[id] = sample.tokens;
    const c10::NoGradGuard no_gradients;
    return run(test::attachments_of(attached, tokens, kLayers).get());
  }
};

bool same(const Answered& a, const Answered& b) {
  return a.ids == b.ids && at::equal(a.last_logits, b.last_logits);
}

}  // namespace

TEST_CASE("answers in flight are those of a quiet run while connections come and go") {
  Stage stage;
  const std::vector<Answered> quiet{stage.quiet({}), stage.quiet({stage.camera}), stage.quiet({stage.lidar}),
                                    stage.quiet({stage.camera, stage.lidar}),
                                    stage.quiet({stage.lidar, stage.camera})};
  REQUIRE(quiet[0].ids.size() == 64);
  for (std::size_t i = 1; i < quiet.size(); ++i) CHECK_FALSE(same(quiet[0], quiet[i]));

  std::atomic<int> answered{0};
  std::atomic<int> wrong{0};
  std::atomic<int> seen[5] = {};
  const auto judge = [&](const Answered& answer) {
    for (std::size_t i = 0; i < quiet.size(); ++i) {
      if (same(answer, quiet[i])) return ++seen[i];
    }
    return ++wrong;
  };
  std::atomic<bool> swapping{true};
  std::vector<std::thread> askers;
  for (int i = 0; i < kAskers; ++i) {
    askers.emplace_back([&] {
      while (swapping || answered < kAnswers) {
        judge(stage.ask());
        ++answered;
      }
    });
  }
  // One answer begins before the storm and is read after it: its wiring must outlive every swap.
  stage.manager.attach(stage.camera);
  const auto held = stage.manager.begin_answer(stage.samples);
  stage.manager.detach("camera");

  for (int swap = 0; swap < kSwaps; ++swap) {
    const bool camera_first = swap % 2 == 0;
    stage.manager.attach(camera_first ? stage.camera : stage.lidar);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (swap % 3 == 0) {
      stage.manager.attach(camera_first ? stage.lidar : stage.camera);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      stage.manager.detach(camera_first ? "lidar" : "camera");
    }
    stage.manager.detach(camera_first ? "camera" : "lidar");
  }
  swapping = false;
  for (auto& asker : askers) asker.join();

  CHECK(wrong == 0);
  CHECK(answered >= kAnswers);
  CHECK(seen[0] + seen[1] + seen[2] + seen[3] + seen[4] == answered);
  CHECK(seen[1] + seen[2] + seen[3] + seen[4] > 0);
  CHECK(same(stage.run(held.get()), quiet[1]));
  CHECK(same(stage.ask(), quiet[0]));  // detached: text-only, bit for bit
}
