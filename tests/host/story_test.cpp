#include "host/demo/story.hpp"

#include "core/config/config.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using host::demo::stage_of;

// The whole story on fewer scenes: three hundred questions a stage know an accuracy to about four points (95 %), so the
// limits here lie that far below what the full demo reaches (docs/researcher.md).
TEST_CASE("the story holds: day, night, a taught LiDAR, both, and the text-only model again") {
  const std::string search = (test::build_folder() / "lib" / "lateral").string();
  const std::vector<std::string> overrides{"run.load=[]", "plugins.search=[\"" + search + "\"]",
                                           "adapt.max_steps=60", "adapt.seed=1"};
  runtime::Runtime runtime(config::load(test::repository() / "configs" / "night-drive.toml", overrides));
  host::demo::StoryOptions options;
  options.seed = 1;
  options.test_scenes = 60;
  options.labelled_scenes = 120;
  const auto report = host::demo::tell_story(runtime, options);

  const double day = stage_of(report, "day-camera").accuracy;
  const double blind = stage_of(report, "blind").accuracy;
  const double lidar = stage_of(report, "night-lidar-taught").accuracy;
  CHECK(day > 0.90);
  CHECK(day - blind > 0.25);
  CHECK(day - stage_of(report, "shuffled").accuracy > 0.20);
  CHECK(stage_of(report, "night-camera").accuracy < blind + 0.05);
  CHECK(lidar > day - 0.09);
  CHECK(stage_of(report, "night-camera-lidar").accuracy > lidar - 0.06);
  CHECK(stage_of(report, "text-after-unload").questions == 300);

  CHECK(report.text_identical);
  CHECK(report.inflight_identical);
  CHECK(report.unload == "unmapped");
  CHECK(report.teach_frames == 100);
  CHECK(report.stages.size() == 8);
  CHECK(report.showcases.size() == 2);
  CHECK(runtime.status().plugins.empty());
}

TEST_CASE("the bundled configurations are read without a complaint") {
  for (const char* const name : {"night-drive.toml", "minimal.toml", "sound-and-motion.toml"}) {
    const auto config = config::load(test::repository() / "configs" / name);
    CHECK_FALSE(config.connections.empty());
  }
}
