#include "core/training/trainer.hpp"

#include <ATen/ATen.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/training/batch_order.hpp"
#include "core/training/checkpoint.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

using Clock = std::chrono::steady_clock;

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

/// A machine whose steps take what a test says, on a clock of its own.
class Machine {
 public:
  /// `cost`: the seconds of a step that begins at a second.
  explicit Machine(std::function<double(double)> cost) : cost_(std::move(cost)) {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Task runs(Task task) {
    task.loss = [this, loss = task.loss](std::int64_t step) {
      seconds_ += cost_(seconds_);
      return loss(step);
    };
    return task;
  }
  Clock::time_point now() const {
    return Clock::time_point() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
  }
  double seconds() const { return seconds_; }

 private:
  std::function<double(double)> cost_;
  double seconds_ = 0;
};

RunOptions on(const Machine& machine, double seconds) {
  RunOptions options;
  options.budget.seconds = seconds;
  options.now = [&machine] { return machine.now(); };
  return options;
}

/// The budget counts from now on the machine's clock.
TrainResult train_on(Machine& machine, const Task& task, RunOptions options) {
  options.started = machine.now();
  return train(machine.runs(task), options);
}

/// A parameter that falls by the schedule's factor with each step.
class Falling {
 public:
  static constexpr std::int64_t kWarmUp = 5;

  Task task() {
    Task task;
    task.phase = "falling";
    task.fingerprint = "falling-1";
    task.groups = {{"w", {{"weight", weight_}}, 1.0, 0}};
    task.schedule = {kWarmUp, Decay::Cosine, 0.01};
    task.loss = [this](std::int64_t step) {
      seen_[step] = weight_.item<double>();
      return weight_.sum();
    };
    return task;
  }
  /// Before that step.
  double weight_at(std::int64_t step) const { return seen_.at(step); }
  double factor(std::int64_t step) const {
    const auto next = seen_.find(step + 1);
    return seen_.at(step) - (next == seen_.end() ? weight_.item<double>() : next->second);
  }

 private:
  at::Tensor weight_ = at::zeros({1}, at::kFloat).set_requires_grad(true);
  std::map<std::int64_t, double> seen_;
};

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

TEST_CASE("a step without anything to learn from changes nothing, also while a budget is planned") {
  Regression regression;
  auto task = regression.task();
  at::Tensor after_first;
  task.loss = [&, loss = task.loss](std::int64_t step) {
    if (step == 0) return loss(step);
    after_first = regression.weight.detach().clone();
    return at::zeros({1}).sum();
  };
  CHECK(train(task, for_steps(5)).steps == 5);
  CHECK(at::equal(regression.weight, after_first));
  Machine machine([](double) { return 0.01; });
  train_on(machine, task, on(machine, 1));
  CHECK(at::equal(regression.weight, after_first));
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

TEST_CASE("a checkpoint of the former format is refused with what to do") {
  const test::TemporaryFolder folder;
  Regression regression;
  train(regression.task(), for_steps(5, folder / "c"));
  auto bytes = read_text(folder / "c", 1 << 20);
  bytes.replace(bytes.find("lateral-checkpoint-2"), 20, "lateral-checkpoint-1");
  test::write_file(folder / "c", bytes);
  CHECK_THROWS_WITH(train(regression.task(), for_steps(5, folder / "c")), Catch::Contains("earlier version"));
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

TEST_CASE(
    "a run that is resumed with another number of steps goes on to that one, and its rate decays by then") {
  const test::TemporaryFolder folder;
  Falling killed;
  auto doomed = killed.task();
  doomed.loss = [loss = doomed.loss](std::int64_t step) {
    if (step == 30) throw std::runtime_error("killed");
    return loss(step);
  };
  CHECK_THROWS_WITH(train(doomed, for_steps(60, folder / "c")), "killed");
  for (const std::int64_t steps : {45, 120}) {
    CAPTURE(steps);
    const auto path = folder / std::to_string(steps);
    std::filesystem::copy_file(folder / "c", path);
    Falling resumed;
    const auto result = train(resumed.task(), for_steps(steps, path));
    CHECK(result.resumed);
    CHECK(result.steps == steps);
    CHECK(resumed.factor(30) < killed.factor(29) + 1e-3);
    CHECK(resumed.factor(steps - 1) < 0.05);
  }
}

TEST_CASE("a checkpoint that cannot be written for a while costs nothing but itself") {
  const test::TemporaryFolder folder;
  const auto path = folder / "c";
  const auto block = [&] {
    std::filesystem::remove(path);
    std::filesystem::create_directories(path / "in the way");
  };
  Regression regression;
  auto task = regression.with_held_out();
  auto options = for_steps(40, path);

  SECTION("the run goes on, and writes the next one") {
    task.loss = [&, loss = task.loss](std::int64_t step) {
      if (step == 5) block();
      if (step == 15) std::filesystem::remove_all(path);
      return loss(step);
    };
    const auto result = train(task, options);
    CHECK(load_checkpoint(path, "regression-1")->step == result.steps);
    Regression undisturbed;
    train(undisturbed.with_held_out(), for_steps(40));
    CHECK(regression.equals(undisturbed));
  }
  SECTION("a run that is cancelled meanwhile is cancelled") {
    task.loss = [&, loss = task.loss](std::int64_t step) {
      if (step == 5) {
        block();
        options.cancel.cancel();
      }
      return loss(step);
    };
    CHECK(test::thrown_by([&] { train(task, options); }).code == Errc::Cancelled);
  }
  SECTION("before the first step it is told at once") {
    options.checkpoint.path = folder / "absent" / "c";
    CHECK(test::thrown_by([&] { train(task, options); }).mentions("absent"));
  }
}

TEST_CASE("what notices a cancel in the middle of a step leaves a checkpoint of the steps before") {
  const test::TemporaryFolder folder;
  const auto path = folder / "c";
  Regression cancelled;
  auto task = cancelled.with_held_out();
  auto options = for_steps(20, path);
  options.checkpoint.every_seconds = 1e9;
  task.loss = [&, loss = task.loss](std::int64_t step) {
    if (step == 7) {
      options.cancel.cancel();
      options.cancel.check("encode");
    }
    return loss(step);
  };
  CHECK(test::thrown_by([&] { train(task, options); }).code == Errc::Cancelled);
  CHECK(load_checkpoint(path, "regression-1")->step == 7);
  Regression resumed, undisturbed;
  train(resumed.with_held_out(), for_steps(20, path));
  train(undisturbed.with_held_out(), for_steps(20));
  CHECK(resumed.equals(undisturbed));
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

TEST_CASE("a budget in seconds is kept to by the real clock, and its rehearsal leaves no trace") {
  Regression timed;
  timed.pause = std::chrono::milliseconds(2);
  RunOptions options;
  options.budget.seconds = 0.5;
  const auto start = std::chrono::steady_clock::now();
  const auto result = train(timed.task(), options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(result.steps == result.planned);
  CHECK(result.steps > 10);
  CHECK(seconds < 1.5);
}

TEST_CASE(
    "on a quiet machine a budget in seconds is planned once, and gives the bytes of a run of that many "
    "steps") {
  const test::TemporaryFolder folder;
  Machine machine([](double) { return 0.01; });
  Regression timed;
  RunOptions options = on(machine, 10);
  options.checkpoint.path = folder / "c";
  const auto looking = [](Regression& regression) {
    auto task = regression.with_held_out();
    task.early_stopping.patience = 0;
    return task;
  };
  const auto result = train_on(machine, looking(timed), options);
  CHECK(result.steps == result.planned);
  CHECK(result.steps > 900);
  CHECK(load_checkpoint(folder / "c", "regression-1")->plan.since == 0);
  Regression counted;
  train(looking(counted), for_steps(result.planned));
  CHECK(counted.equals(timed));
}

TEST_CASE(
    "whether a machine becomes busier or idler, the rate has decayed when the budget is over, and not "
    "before") {
  struct Case {
    const char* name;
    std::function<double(double)> cost;
    double steps;        // that fit
    double last = 0.05;  // what the rate has fallen below
  };
  const Case kCases[] = {
      {"busier", [](double t) { return t < 4 ? 0.01 : 0.05; }, 400 + 6 / 0.05},
      {"idler", [](double t) { return t < 4 ? 0.05 : 0.01; }, 4 / 0.05 + 600},
      {"busy near the end", [](double t) { return t < 8.5 ? 0.01 : 0.04; }, 850 + 1.5 / 0.04},
      {"in waves", [](double t) { return std::fmod(t, 2) < 1 ? 0.01 : 0.03; }, 5 / 0.01 + 5 / 0.03},
      // Of which four are rehearsals.
      {"slow steps", [](double t) { return t < 5 ? 0.4 : 0.8; }, 3.4 / 0.4 + 5 / 0.8, 0.2}};
  for (const auto& [name, cost, fit, last] : kCases) {
    CAPTURE(name);
    Machine machine(cost);
    Falling falling;
    const auto result = train_on(machine, falling.task(), on(machine, 10));
    CAPTURE(result.steps, machine.seconds());
    CHECK(machine.seconds() < 10.5);
    CHECK(machine.seconds() > 8.5);
    CHECK(static_cast<double>(result.steps) > 0.8 * fit);
    CHECK(falling.factor(result.steps - 1) < last);
    for (std::int64_t step = falling.kWarmUp; step + 1 < result.steps; ++step)
      CHECK(falling.factor(step + 1) < falling.factor(step) + 1e-3);
  }
}

TEST_CASE("a machine that stands still for most of the budget costs steps, not the decay") {
  int step = 0;
  Machine machine([&](double) { return ++step == 300 ? 9.0 : 0.01; });
  Falling falling;
  const auto result = train_on(machine, falling.task(), on(machine, 10));
  CHECK(result.steps > 290);
  CHECK(result.steps < 330);
  CHECK(machine.seconds() < 13);
  CHECK(falling.factor(result.steps - 1) < 0.2);
}

TEST_CASE("where there is time for all steps, no clock changes a bit") {
  Random random(3);
  Machine machine([&](double) { return 0.001 + 0.05 * static_cast<double>(random.uniform()); });
  Regression timed, counted;
  RunOptions options = on(machine, 1000);
  options.budget.steps = 120;
  train_on(machine, timed.with_held_out(), options);
  train(counted.with_held_out(), for_steps(120));
  CHECK(timed.equals(counted));
}

TEST_CASE(
    "a timed run that is killed takes the steps since its last checkpoint again as they were, whatever the "
    "clock") {
  const test::TemporaryFolder folder;
  const auto options_on = [&](Machine& machine) {
    RunOptions options = on(machine, 10);
    options.checkpoint.path = folder / "c";
    options.checkpoint.every_seconds = 1e9;  // only what was decided is stored
    return options;
  };
  Machine busier([](double t) { return t < 2 ? 0.01 : 0.05; });
  Falling first;
  auto doomed = first.task();
  doomed.loss = [loss = doomed.loss](std::int64_t step) {
    if (step == 290) throw std::runtime_error("killed");
    return loss(step);
  };
  CHECK_THROWS_WITH(train_on(busier, doomed, options_on(busier)), "killed");
  const auto kept = load_checkpoint(folder / "c", "falling-1");
  REQUIRE(kept);
  CHECK(kept->plan.since > 0);
  CHECK(kept->step == kept->plan.since);
  REQUIRE(kept->step < 285);

  Machine idle([](double) { return 0.002; });
  Falling second;
  const auto result = train_on(idle, second.task(), options_on(idle));
  CHECK(result.resumed);
  for (std::int64_t step = kept->step; step < 290; ++step)
    CHECK(second.weight_at(step) == first.weight_at(step));
  CHECK(result.steps > 1000);  // and then it takes what the clock allows
  CHECK(busier.seconds() + idle.seconds() > 8.5);
}
