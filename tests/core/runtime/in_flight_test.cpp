// Answers that run while senses come and go are what they would have been in quiet.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::runtime;

namespace {

constexpr std::int64_t kTokens = 64;
constexpr int kAnswers = 4;
constexpr int kRounds = 3;

/// Loading, attaching, detaching and unloading, round after round; answers can wait for a round to be over, so that
/// the two surely overlap.
class Storm {
 public:
  void wait_for(int round) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= round || broken_; });
  }
  void run(Runtime& runtime) {
    try {
      for (int round = 1; round <= kRounds; ++round) {
        once(runtime);
        advance(round, false);
      }
    } catch (...) {
      advance(kRounds, true);
      throw;
    }
  }

 private:
  static void once(Runtime& runtime) {
    runtime.detach("template");
    runtime.attach("template");
    runtime.wire({});
    runtime.unload("template");
    runtime.load("template");
    runtime.unload("faulty");
    runtime.load("faulty");
    runtime.set_input("faulty", test::readings({3, 1}));
  }
  void advance(int round, bool broken) {
    const std::lock_guard lock(mutex_);
    done_ = round;
    broken_ = broken;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int done_ = 0;
  bool broken_ = false;
};

AskOptions seeing(float value) {
  AskOptions options;
  options.min_new_tokens = kTokens;
  options.inputs.emplace()["template"] = test::readings({value, 1, 2});
  return options;
}

}  // namespace

TEST_CASE("answers begun before a storm of swaps end with the ids and logits of quiet ones") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  world.write_adapter("faulty.safetensors", test::for_faulty());
  Runtime runtime(world.config(test::connection("template") + test::connection("faulty")));
  for (const auto& result : runtime.load_configured()) REQUIRE(result.error.empty());

  std::vector<Answer> quiet;
  for (int i = 0; i < kAnswers; ++i)
    quiet.push_back(runtime.ask("what is here", seeing(0.3F * static_cast<float>(i))));
  REQUIRE(quiet[0].ids.size() == static_cast<std::size_t>(kTokens));
  REQUIRE(quiet[0].senses == std::vector<std::string>{"template"});
  REQUIRE(quiet[0].logits != quiet[1].logits);

  Storm storm;
  std::latch begun(kAnswers);
  std::vector<std::future<Answer>> flying;
  for (int i = 0; i < kAnswers; ++i) {
    flying.push_back(std::async(std::launch::async, [&, i] {
      AskOptions options = seeing(0.3F * static_cast<float>(i));
      int tokens = 0;
      options.on_text = [&](std::string_view) {
        ++tokens;
        if (tokens == 1) begun.count_down();
        if (tokens % 15 == 0) storm.wait_for(std::min(tokens / 15, kRounds));
      };
      return runtime.ask("what is here", options);
    }));
  }
  begun.wait();
  CHECK(runtime.status().answers_running == kAnswers);
  storm.run(runtime);
  for (int i = 0; i < kAnswers; ++i) {
    INFO(i);
    const Answer answer = flying[static_cast<std::size_t>(i)].get();
    const Answer& expected = quiet[static_cast<std::size_t>(i)];
    CHECK(answer.ids == expected.ids);
    CHECK(answer.logits == expected.logits);
    CHECK(answer.senses == expected.senses);
  }
  CHECK(runtime.status().answers_running == 0);
  // And quiet again: nothing of the storm is left.
  CHECK(runtime.ask("what is here", seeing(0)).logits == quiet[0].logits);
}

TEST_CASE("questions asked in the middle of a storm are answered, with or without the sense") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  world.write_adapter("faulty.safetensors", test::for_faulty());
  Runtime runtime(world.config(test::connection("template") + test::connection("faulty")));
  for (const auto& result : runtime.load_configured()) REQUIRE(result.error.empty());
  AskOptions options = seeing(0.5F);
  options.min_new_tokens = 4;
  const std::string with = runtime.ask("what is here", options).logits;
  runtime.wire({"faulty"});
  const std::string without = runtime.ask("what is here", options).logits;
  runtime.wire({});

  std::atomic<bool> over{false};
  auto asking = std::async(std::launch::async, [&] {
    int odd = 0;
    while (!over) {
      const Answer answer = runtime.ask("what is here", options);
      odd += answer.logits != with && answer.logits != without;
      runtime.status();
    }
    return odd;
  });
  Storm storm;
  for (int i = 0; i < 3; ++i) storm.run(runtime);
  over = true;
  CHECK(asking.get() == 0);
}
