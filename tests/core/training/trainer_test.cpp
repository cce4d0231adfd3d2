#include "core/training/trainer.hpp"

#include <ATen/ATen.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/training/batch_order.hpp"
#include "core/training/checkpoint.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

at::Tensor drawn(std::initializer_list<std::int64_t> shape, std::uint64_t seed) {
  auto tensor = at::empty(at::IntArrayRef(shape), at::kFloat);
  Random random(seed);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<float>()[i] = random.normal();
  return tensor;
}

/// Learns a linear map from noisy pairs in small batches: the loss depends on parameters and step alone.
struct Regression {
  at::Tensor x = drawn({64, 8}, 1);
  at::Tensor y = at::matmul(x, drawn({8, 4}, 2)) + 0.1 * drawn({64, 4}, 3);
  at::Tensor weight = (0.1 * drawn({8, 4}, 4)).set_requires_grad(true);
  at::Tensor bias = at::zeros({4}).set_requires_grad(true);
  std::chrono::microseconds pause{0};

  Task task() {
    Task task;
    task.phase = "regression";
    task.fingerprint = "regression-1";
    task.groups = {{"w", {{"weight", weight}}, 1e-2, 0.05}, {"b", {{"bias", bias}}, 2e-2, 0}};
    task.schedule = {10, Decay::Cosine, 0.01};
    task.loss = [this](std::int64_t step) {
      std::this_thread::sleep_for(pause);
      const auto rows = at::tensor(BatchOrder(48, 8, 5).at(step));
      return error(x.index_select(0, rows), y.index_select(0, rows));
    };
    return task;
  }
  Task with_held_out() {
    Task with = task();
    with.early_stopping = {10, 3};
    with.held_out = [this] { return error(x.slice(0, 48), y.slice(0, 48)).item<double>(); };
    return with;
  }
  at::Tensor error(const at::Tensor& a, const at::Tensor& b) const {
    return (at::matmul(a, weight) + bias - b).square().mean();
  }
  bool equals(const Regression& other) const {
    return at::equal(weight, other.weight) && at::equal(bias, other.bias);
  }
};

RunOptions for_steps(std::int64_t steps, const std::filesystem::path& checkpoint = {}) {
  RunOptions options;
  options.budget.steps = steps;
  options.checkpoint.path = checkpoint;
  options.checkpoint.every_seconds = 0;  // after every step
  return options;
}

/// Stops a run after `steps` steps, as SIGTERM would through the host's token.
void run_until(Regression& regression, std::int64_t steps, RunOptions options) {
  auto task = regression.with_held_out();
  const auto loss = task.loss;
  const CancelToken cancel;
  options.cancel = cancel;
  task.loss = [=](std::int64_t step) {
    if (step == steps - 1) cancel.cancel();
    return loss(step);
  };
  try {
    train(task, options);
    FAIL("the run was not cancelled");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::Cancelled);
  }
}

}  // namespace

TEST_CASE("a run without a budget, or with one of nothing, is refused") {
  Regression regression;
  CHECK_THROWS_AS(train(regression.task(), {}), Error);
  CHECK_THROWS_AS(train(regression.task(), for_steps(0)), Error);
  RunOptions nothing;
  nothing.budget.seconds = 0.0;
  CHECK_THROWS_AS(train(regression.task(), nothing), Error);
}

TEST_CASE("a loss that is not finite stops the run with the step's number") {
  Regression regression;
  auto task = regression.task();
  task.loss = [&](std::int64_t step) { return regression.weight.sum() / (step == 3 ? 0.0 : 1.0); };
  CHECK_THROWS_WITH(train(task, for_steps(10)), Catch::Contains("step 3"));
}

TEST_CASE("a checkpoint of another run, or a damaged one, is refused and left as it is") {
  const test::TemporaryFolder folder;
  Regression regression;
  train(regression.task(), for_steps(5, folder / "c"));
  auto other = regression.task();
  other.fingerprint = "regression-2";
  CHECK_THROWS_WITH(train(other, for_steps(5, folder / "c")), Catch::Contains("other data"));
  auto bytes = read_text(folder / "c", 1 << 20);
  test::write_file(folder / "c", bytes.substr(0, bytes.size() / 2));
  CHECK_THROWS_AS(train(regression.task(), for_steps(5, folder / "c")), Error);
}

TEST_CASE("the loss goes down and the held-out best is what a run returns") {
  Regression regression;
  const double before = regression.with_held_out().held_out();
  const auto result = train(regression.with_held_out(), for_steps(400));
  CHECK(*result.held_out < 0.05 * before);
  CHECK(regression.with_held_out().held_out() == *result.held_out);
}

TEST_CASE("a run that gets no better stops early and returns its first parameters") {
  Regression regression;
  auto task = regression.with_held_out();
  double look = 0;
  task.held_out = [&] { return ++look; };
  const auto first = regression.weight.detach().clone();
  const auto result = train(task, for_steps(400));
  CHECK(result.steps == 30);
  CHECK(result.best_step == 0);
  CHECK(at::equal(regression.weight, first));
}

TEST_CASE("a run that was stopped at random steps ends with the bytes of an undisturbed one") {
  const test::TemporaryFolder folder;
  Regression undisturbed;
  train(undisturbed.with_held_out(), for_steps(60));
  Random random(11);
  const auto path = folder / "c";
  for (int stop = 1 + random.between(0, 8); stop < 60; stop += 1 + random.between(0, 12)) {
    Regression part;  // a new process knows nothing but the checkpoint
    run_until(part, stop, for_steps(60, path));
  }
  Regression last;
  const auto result = train(last.with_held_out(), for_steps(60, path));
  CHECK(result.resumed);
  CHECK(last.equals(undisturbed));
  Regression again;
  train(again.with_held_out(), for_steps(60, path));
  CHECK(again.equals(undisturbed));  // a finished run resumes as finished
}

TEST_CASE("a run killed by SIGKILL resumes to the bytes of an undisturbed one") {
  const test::TemporaryFolder folder;
  Regression undisturbed;
  train(undisturbed.with_held_out(), for_steps(80));
  const auto path = folder / "c";
  for (int kill_after_ms : {40, 25, 60}) {
    const pid_t child = ::fork();
    if (child == 0) {
      Regression victim;
      victim.pause = std::chrono::milliseconds(2);
      try {
        train(victim.with_held_out(), for_steps(80, path));
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kill_after_ms));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
  }
  Regression last;
  CHECK(train(last.with_held_out(), for_steps(80, path)).resumed);
  CHECK(last.equals(undisturbed));
}

TEST_CASE("a budget in seconds becomes steps once, is kept to, and its rehearsal leaves no trace") {
  const test::TemporaryFolder folder;
  Regression timed;
  timed.pause = std::chrono::milliseconds(2);
  RunOptions options = for_steps(1 << 20, folder / "c");
  options.checkpoint.every_seconds = 10;
  options.budget.seconds = 0.5;
  const auto start = std::chrono::steady_clock::now();
  const auto result = train(timed.task(), options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(result.planned > 50);
  CHECK(seconds < 1.0);
  CHECK(load_checkpoint(folder / "c", "regression-1")->steps == result.planned);
  Regression counted;
  train(counted.task(), for_steps(result.planned));
  CHECK(counted.equals(timed));
}
