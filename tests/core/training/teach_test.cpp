#include "core/training/teach.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

struct Setting {
  test::World world;
  model::Decoder decoder = test::small_decoder();
  connector::Adapter teacher = test::small_adapter(7, "camera-1", 6);
  QueryBank bank = make_query_bank(decoder, "small", {2, 3}, world.wordings());

  connector::Adapter student() const {
    return connector::Adapter(student_info(
        teacher.info(),
        {.plugin = "lidar", .library = "lidar", .encoder = "main", .token_space = "lidar-1", .width = 8}, 9));
  }
  Recording recording(std::int64_t frames) const {
    return {world.moments(frames), world.camera(), world.lidar()};
  }
  TeachReport teach_new(connector::Adapter& adapter, const Recording& frames, std::int64_t steps,
                        RunOptions run = {}) const {
    TeachOptions options;
    options.run = std::move(run);
    options.run.budget.steps = steps;
    return teach(decoder, teacher, adapter, frames, bank, options);
  }
};

}  // namespace

TEST_CASE("teaching needs distinct frames that both senses have, the teacher's blocks, and a bank of them") {
  const Setting setting;
  auto student = setting.student();
  CHECK_THROWS_WITH(setting.teach_new(student, setting.recording(5), 5), Catch::Contains("5 of 5"));
  auto twice = setting.recording(20);
  twice.frames.push_back("m3");
  CHECK_THROWS_WITH(setting.teach_new(student, twice, 5), Catch::Contains("m3"));
  auto blind = setting.recording(20);
  blind.student = [](const std::string&) { return std::nullopt; };
  CHECK_THROWS_WITH(setting.teach_new(student, blind, 5), Catch::Contains("0 of 20"));
  auto info = setting.student().info();
  info.blocks = wiring::BlockSet::parse("last:1", 4);
  connector::Adapter shallow(info);
  CHECK_THROWS_AS(setting.teach_new(shallow, setting.recording(20), 5), Error);
  const auto narrow = make_query_bank(setting.decoder, "small", {3}, setting.world.wordings());
  CHECK_THROWS_AS(teach(setting.decoder, setting.teacher, student, setting.recording(20), narrow), Error);
}

TEST_CASE("of eight frames two are kept back to judge by; with no share for that teaching is refused") {
  const Setting setting;
  auto student = setting.student();
  TeachOptions options;
  options.run.budget.steps = 3;
  options.held_out_share = 0.15;
  const auto teach_eight = [&] {
    return teach(setting.decoder, setting.teacher, student, setting.recording(8), setting.bank, options);
  };
  const auto report = teach_eight();
  CHECK(report.frames == 6);
  CHECK(report.held_out_frames == 2);
  options.held_out_share = 0;
  CHECK_THROWS_WITH(teach_eight(), Catch::Contains("adapt.held_out_share is 0"));
  options.held_out_share = 0.5;
  options.most_held_out = 1;
  CHECK_THROWS_WITH(teach_eight(), Catch::Contains("most_held_out"));
}

TEST_CASE("encoding the frames shows its progress, and what came before counts towards the budget") {
  const Setting setting;
  auto student = setting.student();
  RunOptions run;
  run.budget.seconds = 5;
  run.started = std::chrono::steady_clock::now() - std::chrono::hours(1);
  std::vector<Progress> seen;
  run.progress = [&](const Progress& progress) { seen.push_back(progress); };
  CHECK(setting.teach_new(student, setting.recording(20), 300, run).run.steps == 1);
  REQUIRE_FALSE(seen.empty());
  CHECK(seen.front().phase == kEncodePhase);
  CHECK(seen.front().steps == 20);
}

TEST_CASE("teaching that is resumed with another number of steps goes on to that one") {
  const test::TemporaryFolder folder;
  const Setting setting;
  RunOptions run;
  run.checkpoint.path = folder / "c";
  for (const std::int64_t steps : {5, 12}) {
    auto student = setting.student();
    const auto report = setting.teach_new(student, setting.recording(20), steps, run);
    CHECK(report.run.resumed == (steps == 12));
    CHECK(report.run.steps == steps);
  }
}

TEST_CASE(
    "a student that sees the same through another map and order is taught, judged good, and only it moves") {
  const Setting setting;
  const auto teacher_before = setting.teacher.clone();
  auto student = setting.student();
  auto recording = setting.recording(200);
  recording.student = [lidar = recording.student](const std::string& id) {
    return id == "m17" ? std::nullopt : lidar(id);
  };
  const auto report = setting.teach_new(student, recording, 300);
  INFO(report.message << "; frame-blind " << report.explained_frame_blind);
  CHECK(report.explained > 0.95);
  CHECK(report.explained_mispaired < 0.7);
  CHECK(report.explained_frame_blind < 0.8);
  CHECK(report.overall.skill.value > report.mispaired.skill.value + 0.2);
  CHECK(report.accepted);
  CHECK(report.missing.empty());
  CHECK(report.unpaired_frames == 1);
  CHECK(report.frames + report.held_out_frames == 199);
  CHECK_NOTHROW(require_accepted(report, false));
  CHECK(test::same_parameters(setting.teacher, teacher_before));
  CHECK(at::equal(student.source().links().weights(), setting.teacher.source().links().weights()));
  for (const auto& [name, tensor] : student.parameters()) CHECK_FALSE(tensor.requires_grad());
}

TEST_CASE(
    "mispaired frames are found out: the connection is refused unless forced, and the report says why") {
  const Setting setting;
  auto student = setting.student();
  auto recording = setting.recording(200);
  recording.student = shuffled(recording.student, recording.frames, 3);
  const auto report = setting.teach_new(student, recording, 300);
  INFO(report.message << "; frame-blind " << report.explained_frame_blind);
  CHECK_FALSE(report.accepted);
  CHECK(report.explained <
        report.explained_frame_blind + 0.05);  // nobody who sees other frames can do better
  CHECK_FALSE(report.missing.empty());
  CHECK_THROWS_WITH(require_accepted(report, false), Catch::Contains("missing"));
  CHECK_NOTHROW(require_accepted(report, true));
}

TEST_CASE("teaching stopped at random moments ends with the adapter of an undisturbed run") {
  const test::TemporaryFolder folder;
  const Setting setting;
  const auto recording = setting.recording(40);
  auto undisturbed = setting.student();
  setting.teach_new(undisturbed, recording, 80);
  Random random(2);
  for (int stops = 0;; ++stops) {
    auto student = setting.student();
    RunOptions run;
    run.checkpoint = {folder / "c", 0};
    std::thread stopper([cancel = run.cancel, time = random.between(0, 30000) + 2000 * stops] {
      std::this_thread::sleep_for(std::chrono::microseconds(time));
      cancel.cancel();
    });
    bool ended = true;
    try {
      setting.teach_new(student, recording, 80, run);
    } catch (const Error& error) {
      ended = false;
      if (error.code() != Errc::Cancelled) FAIL(error.what());
    }
    stopper.join();
    if (!ended) continue;
    CHECK(stops >= 1);
    CHECK(test::same_parameters(student, undisturbed));
    break;
  }
}

TEST_CASE("a report without enough answers that the teacher changed says that it cannot judge") {
  TeachReport report;
  report.explained = 0.99;
  report.overall.skill = wilson(5, 5);
  judge(report, {});
  CHECK_FALSE(report.accepted);
  CHECK_THAT(report.message, Catch::Contains("5 answers"));
}

TEST_CASE(
    "acceptance needs skill, explained variance and divergence together, and names the types that lack") {
  TeachReport good;
  good.explained = 0.85;
  good.overall.skill = wilson(80, 100);
  good.kl = 0.1;
  good.blind_kl = 0.9;
  good.by_type["status"].skill = wilson(45, 50);
  good.by_type["object"].skill = wilson(8, 50);
  good.by_type["rare"].skill = wilson(0, 3);
  judge(good, {});
  CHECK(good.accepted);
  CHECK(good.missing == std::vector<std::string>{"object"});
  for (auto spoil :
       {+[](TeachReport& r) { r.explained = 0.69; },
        +[](TeachReport& r) { r.overall.skill = wilson(64, 100); }, +[](TeachReport& r) { r.kl = 0.4; }}) {
    auto bad = good;
    spoil(bad);
    judge(bad, {});
    CHECK_FALSE(bad.accepted);
  }
}
