#include "core/training/adapt_labels.hpp"

#include <ATen/ATen.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/connector/adapter_file.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

AdaptOptions for_steps(std::int64_t steps, const std::filesystem::path& checkpoint = {}) {
  AdaptOptions options;
  options.run.budget.steps = steps;
  options.run.checkpoint = {checkpoint, 0};
  options.batch = 16;
  return options;
}

std::string file_after(const test::TemporaryFolder& folder, const connector::Adapter& adapter) {
  connector::save_adapter(folder / "adapter", adapter);
  return read_text(folder / "adapter", 1 << 24);
}

/// Stops the run at a random moment, as SIGTERM would through the host's token; true once it ended by itself.
bool run_for(std::chrono::microseconds time, const test::World& world, connector::Adapter& adapter,
             AdaptOptions options) {
  options.run.cancel = CancelToken();
  std::thread stopper([cancel = options.run.cancel, time] {
    std::this_thread::sleep_for(time);
    cancel.cancel();
  });
  bool ended = true;
  try {
    adapt_labels(test::small_decoder(), adapter, world.questions(40, 2), world.camera(), options);
  } catch (const Error& error) {
    if (error.code() != Errc::Cancelled) FAIL(error.what());
    ended = false;
  }
  stopper.join();
  return ended;
}

}  // namespace

TEST_CASE("nothing to learn from, or a question without words, is refused") {
  const test::World world;
  auto adapter = test::small_adapter(1);
  CHECK_THROWS_AS(adapt_labels(test::small_decoder(), adapter, {}, world.camera(), for_steps(1)), Error);
  auto questions = world.questions(4, 1);
  questions[2].answer_ids.clear();
  CHECK_THROWS_WITH(adapt_labels(test::small_decoder(), adapter, questions, world.camera(), for_steps(1)),
                    Catch::Contains("m2"));
}

TEST_CASE("moments without tokens teach nothing, and where no other is learned from it is refused") {
  const test::World world;
  const auto sparse = [camera = world.camera()](const std::string& moment) {
    return std::stoi(moment.substr(1)) % 4 == 0 ? camera(moment) : std::nullopt;
  };
  auto options = for_steps(20);
  options.batch = 1;
  options.held_out_share = 0;
  auto adapter = test::small_adapter(1);
  const auto report = adapt_labels(test::small_decoder(), adapter, world.questions(12, 1), sparse, options);
  CHECK(report.run.steps == 20);
  CHECK_FALSE(test::same_parameters(adapter, test::small_adapter(1)));
  const auto blind = [](const std::string&) { return std::optional<connector::Tokens>(); };
  CHECK_THROWS_WITH(adapt_labels(test::small_decoder(), adapter, world.questions(12, 1), blind, options),
                    Catch::Contains("plugin camera"));
}

TEST_CASE("what was prepared before an adaptation counts towards its budget") {
  const test::World world;
  auto adapter = test::small_adapter(1);
  auto options = for_steps(300);
  options.run.budget.seconds = 5;
  options.run.started = std::chrono::steady_clock::now() - std::chrono::hours(1);
  const auto report =
      adapt_labels(test::small_decoder(), adapter, world.questions(12, 1), world.camera(), options);
  CHECK(report.run.steps == 1);
}

TEST_CASE("a connection learns the classes from labels, and held-out moments show it") {
  const test::World world;
  auto adapter = test::small_adapter(1);
  auto options = for_steps(150);
  options.aligner_rate = 1e-2;
  const auto report =
      adapt_labels(test::small_decoder(), adapter, world.questions(160, 2), world.camera(), options);
  INFO("held-out " << report.held_out.value << ", loss " << *report.run.held_out);
  CHECK(report.held_out.value > 0.9);
  CHECK(report.held_out_questions == 48);
  CHECK(report.questions == 272);
  CHECK(report.samples == 136);
  CHECK(report.by_type.at("what").trials == 48);
}

TEST_CASE(
    "only the connection's own parameters move, LoRA included, and they record no gradients afterwards") {
  const test::World world;
  const auto decoder = test::small_decoder();
  auto before = connector::AdapterInfo(test::small_adapter(1).info());
  before.lora = connector::LoraShape{2, 4, 32, 16};
  before.seen = connector::SeenGate::Scope::Token;
  connector::Adapter adapter(before);
  const connector::Adapter first = adapter.clone();
  const auto other = test::small_adapter(2, "lidar-1");
  const auto other_first = other.clone();
  const auto weights = snapshot(decoder.named_tensors());
  auto options = for_steps(3);
  options.held_out_share = 0;
  adapt_labels(decoder, adapter, world.questions(10, 2), world.camera(), options,
               {{connector::connection_of("lidar", other), world.lidar()}});
  const auto old_values = first.parameters(), new_values = adapter.parameters();
  for (std::size_t i = 0; i < new_values.size(); ++i) {
    INFO(new_values[i].name);
    const bool gate = new_values[i].name.starts_with("seen.");
    CHECK(at::equal(old_values[i].tensor, new_values[i].tensor) == gate);
    CHECK_FALSE(new_values[i].tensor.requires_grad());
    CHECK_FALSE(new_values[i].tensor.grad().defined());
  }
  CHECK(test::same_parameters(other, other_first));
  const auto weights_now = decoder.named_tensors();
  for (std::size_t i = 0; i < weights.size(); ++i) CHECK(at::equal(weights[i].tensor, weights_now[i].tensor));
}

TEST_CASE("blocks of a trainable decoder learn with the connection, those below stay") {
  const test::World world;
  const auto decoder = test::small_decoder().trainable(2, 4, false);
  const auto before = snapshot(decoder.named_tensors());
  auto adapter = test::small_adapter(1);
  adapt_labels(decoder, adapter, world.questions(10, 2), world.camera(), for_steps(3));
  const auto after = decoder.named_tensors();
  for (std::size_t i = 0; i < before.size(); ++i) {
    INFO(before[i].name);
    const bool late = before[i].name.find("layers.2.") != std::string::npos ||
                      before[i].name.find("layers.3.") != std::string::npos;
    CHECK(at::equal(before[i].tensor, after[i].tensor) != late);
  }
}

TEST_CASE(
    "kept early states, recomputed ones and a shared token cache give the same adapter within rounding") {
  const test::World world;
  auto kept = test::small_adapter(1), recomputed = test::small_adapter(1);
  auto options = for_steps(5);
  adapt_labels(test::small_decoder(), kept, world.questions(20, 2), world.camera(), options);
  options.state_bytes = 0;
  options.tokens = std::make_shared<TokenCache>();
  const auto report =
      adapt_labels(test::small_decoder(), recomputed, world.questions(20, 2), world.camera(), options);
  CHECK(report.state_bytes == 0);
  CHECK(options.tokens->bytes() > 0);
  for (std::size_t i = 0; i < kept.parameters().size(); ++i) {
    CHECK(at::allclose(kept.parameters()[i].tensor, recomputed.parameters()[i].tensor, 1e-3, 1e-4));
  }
}

TEST_CASE("an adaptation stopped at random moments ends with the file of an undisturbed one") {
  const test::TemporaryFolder folder;
  const test::World world;
  auto undisturbed = test::small_adapter(1);
  adapt_labels(test::small_decoder(), undisturbed, world.questions(40, 2), world.camera(), for_steps(60));
  Random random(5);
  int stops = 0;
  auto last = test::small_adapter(1);
  // A little longer each time, so that every part of a run is met and the run ends.
  while (!run_for(std::chrono::microseconds(random.between(0, 20000) + 1000 * stops), world, last,
                  for_steps(60, folder / "checkpoint"))) {
    ++stops;
    last = test::small_adapter(1);
  }
  CHECK(stops >= 2);
  CHECK(file_after(folder, last) == file_after(folder, undisturbed));
}

TEST_CASE("an adaptation killed by SIGKILL ends with the file of an undisturbed one") {
  const test::TemporaryFolder folder;
  const test::World world;
  auto undisturbed = test::small_adapter(1);
  adapt_labels(test::small_decoder(), undisturbed, world.questions(40, 2), world.camera(), for_steps(200));
  for (const int kill_after_ms : {150, 90, 200}) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto victim = test::small_adapter(1);
      adapt_labels(test::small_decoder(), victim, world.questions(40, 2), world.camera(),
                   for_steps(200, folder / "c"));
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kill_after_ms));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  auto last = test::small_adapter(1);
  CHECK(adapt_labels(test::small_decoder(), last, world.questions(40, 2), world.camera(),
                     for_steps(200, folder / "c"))
            .run.resumed);
  CHECK(file_after(folder, last) == file_after(folder, undisturbed));
}
