#pragma once
// What `lateral demo` measured, apart from how it is shown: the JSON of --json and the page are written from this.

#include <cstdint>
#include <string>
#include <vector>

#include "core/format/image.hpp"

namespace lateral::host::demo {

/// One point of the story. The ids are promises (docs/operator.md): blind, shuffled, day-camera, night-camera,
/// night-lidar-taught, night-lidar-labels, night-camera-lidar, text-after-unload.
struct Stage {
  std::string id;
  std::string title;         ///< for people, e.g. "Night falls: the camera goes blind"
  std::string note;          ///< one sentence under the title
  double accuracy = 0;       ///< share of questions whose generated answer equals the expected text
  double low = 0, high = 0;  ///< 95 % Wilson interval
  std::int64_t questions = 0;
  std::vector<std::pair<std::string, double>> by_type;  ///< accuracy of each question type
};

/// Something that happened to the running host between two stages.
struct Event {
  std::string before_stage;  ///< id of the stage that follows it
  std::string text;          ///< e.g. "load lidar: 3.1 ms"
};

/// One question about the pictured scene, and what was answered at each stage.
struct Dialogue {
  std::string question, expected;
  struct Reply {
    std::string stage, text;
  };
  std::vector<Reply> replies;
};

/// The scene that the page shows, as each sensor saw it.
struct Showcase {
  std::string title;
  std::vector<format::Image> day, night;  ///< six camera views, front first, clockwise
  format::Image range;                    ///< LiDAR as a range picture, front in the middle
  format::Image map;                      ///< LiDAR points from above, with the true objects outlined
  std::vector<Dialogue> dialogues;
};

struct Report {
  std::vector<Stage> stages;
  std::vector<Event> events;
  std::vector<Showcase> showcases;
  double teach_seconds = 0;
  std::int64_t teach_frames = 0;
  double adapt_seconds = 0;
  std::int64_t adapt_samples = 0;
  double attach_ms = 0, detach_ms = 0;
  std::string unload;  ///< "unmapped" or "retired"
  bool text_identical = false;
  bool inflight_identical = false;
  std::uint64_t seed = 0;
  double seconds = 0;  ///< the whole demo
};

/// The stage with this id. Throws Internal when the story has none.
const Stage& stage_of(const Report& report, const std::string& id);

/// The JSON document of `lateral demo --json`, one line.
std::string to_json(const Report& report);

}  // namespace lateral::host::demo
