#pragma once
// The story of the demo, lived by one runtime in one process.

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/cancel.hpp"
#include "core/runtime/runtime.hpp"
#include "host/demo/report.hpp"

namespace lateral::host::demo {

struct StoryOptions {
  std::uint64_t seed = 1;
  int test_scenes = 250;      ///< five questions each
  int paired_frames = 100;    ///< recorded by day with both senses, without labels
  int labelled_scenes = 500;  ///< one labelled question each
  CancelToken cancel;
  /// What is happening, e.g. "teaching the LiDAR"; for the terminal.
  std::function<void(const std::string& what)> on_stage;
  std::function<void(const runtime::WorkProgress&)> progress;
};

/// `runtime` has a camera connection with an adapter, a lidar connection, and nothing loaded. Afterwards nothing is
/// loaded again, and no adapter file was written. Throws what the runtime throws, and Cancelled.
Report tell_story(runtime::Runtime& runtime, const StoryOptions& options);

}  // namespace lateral::host::demo
