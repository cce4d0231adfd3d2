// `lateral adapt`, killed at any moment and run again, ends with the bytes of a run that nobody disturbed.

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/format/safetensors.hpp"
#include "host/exit_codes.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

using namespace lateral;
using namespace lateral::host;

namespace {

constexpr int kSteps = 300;

class School {
 public:
  School() {
    world_.write_data("data", {.train = 48, .test = 0});
    config_ =
        world_.write_config("[adapt]\nbudget = \"1h\"\nmax_steps = " + std::to_string(kSteps) +
                            "\nbatch = 32\naligner_rate = 1e-2\naligner_hidden = 32\ncheckpoint = 0.01\n" +
                            test::connection("template"));
  }

  std::unique_ptr<test::Process> begin(const std::string& seed = "0", const char* data = "data") const {
    const std::vector<std::string> arguments{
        "adapt",   "-c",    config_.string(),    "--plugin", "template", "--data", (world_ / data).string(),
        "--force", "--set", "adapt.seed=" + seed};
    return std::make_unique<test::Process>(test::build_folder() / "bin/lateral", arguments, world_ / "err");
  }
  int end(const std::string& seed = "0", const char* data = "data") const {
    return begin(seed, data)->wait();
  }

  std::filesystem::path adapter() const { return world_ / "template.safetensors"; }
  std::filesystem::path checkpoint() const { return world_ / "template.safetensors.checkpoint"; }
  std::string bytes() const { return read_text(adapter(), 1U << 24U); }
  std::string errors() const { return read_text(world_ / "err", 1U << 20U); }

  /// Steps that the checkpoint has behind it; -1 without one. It is always whole: it is renamed into its place.
  int steps_done() const {
    if (!std::filesystem::exists(checkpoint())) return -1;
    return std::stoi(format::SafetensorsFile(checkpoint()).metadata().at("step"));
  }
  /// Sends `signal` once `steps` are done; returns how it ended.
  int interrupt(int steps, int signal) const {
    const auto process = begin();
    while (process->running() && steps_done() < steps)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    process->kill(signal);
    return process->wait();
  }

  const test::TinyWorld& world() const { return world_; }

 private:
  test::TinyWorld world_;
  std::filesystem::path config_;
};

std::string undisturbed(const School& school) {
  REQUIRE(school.end() == kExitOk);
  REQUIRE_FALSE(std::filesystem::exists(school.checkpoint()));
  const std::string bytes = school.bytes();
  std::filesystem::remove(school.adapter());
  return bytes;
}

}  // namespace

TEST_CASE("an adaptation killed again and again resumes, and ends with the bytes of an undisturbed one") {
  const School school;
  const std::string expected = undisturbed(school);
  Random random(20);
  int reached = 0;
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL, SIGKILL}) {
    // Each from where the last one left off; the first may come before there is a checkpoint at all.
    reached += random.between(1, kSteps / 5);
    const int status = school.interrupt(reached, signal);
    INFO(school.errors());
    CHECK(status == (signal == SIGTERM ? kExitInterrupted : 128 + SIGKILL));
    REQUIRE(school.steps_done() >= reached);
    REQUIRE(school.steps_done() < kSteps);  // in the middle, or this test shows nothing
    CHECK_FALSE(std::filesystem::exists(school.adapter()));
    reached = school.steps_done();
  }
  CHECK(school.end() == kExitOk);
  CHECK(school.bytes() == expected);
  CHECK_FALSE(std::filesystem::exists(school.checkpoint()));
}

TEST_CASE("killed at random moments from its start on, it resumes or begins anew with the same result") {
  const School school;
  const auto start = std::chrono::steady_clock::now();
  const std::string expected = undisturbed(school);
  const std::chrono::duration<float> whole = std::chrono::steady_clock::now() - start;
  Random random(21);
  for (int i = 0; i < 3; ++i) {
    const auto process = school.begin();
    std::this_thread::sleep_for(random.uniform() * whole);
    process->kill(SIGKILL);
    process->wait();
  }
  CHECK(school.end() == kExitOk);
  CHECK(school.bytes() == expected);
}

TEST_CASE("SIGINT ends with 130 and leaves a checkpoint that only the same run goes on from") {
  const School school;
  const std::string expected = undisturbed(school);
  CHECK(school.interrupt(20, SIGINT) == kExitInterrupted);
  REQUIRE(school.steps_done() >= 20);
  const int reached = school.steps_done();

  const auto refused = [&](const std::string& seed, const char* data) {
    CHECK(school.end(seed, data) == kExitState);
    INFO(school.errors());
    CHECK(school.errors().find(school.checkpoint().string()) != std::string::npos);
    CHECK(school.errors().find("delete this file") != std::string::npos);
    CHECK(school.steps_done() == reached);
    CHECK_FALSE(std::filesystem::exists(school.adapter()));
  };
  refused("7", "data");
  school.world().write_data("other", {.train = 40, .test = 0});
  refused("0", "other");

  const auto weights = school.world() / "model/model.safetensors";
  const std::string before = read_text(weights, 1U << 24U);
  std::string after = before;
  after[after.size() - 4] ^= 1;  // the lowest bit of one weight
  test::write_file(weights, after);
  refused("0", "data");
  test::write_file(weights, before);

  CHECK(school.end() == kExitOk);
  CHECK(school.bytes() == expected);
}
