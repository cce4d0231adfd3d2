#include <cstdlib>
#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/runtime/runtime.hpp"
#include "host/commands/commands.hpp"
#include "host/demo/markup.hpp"
#include "host/demo/page.hpp"
#include "host/demo/recordings.hpp"
#include "host/demo/story.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/output_folder.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

// The embedded default lies in share/lateral beside bin/, in the build tree and after an installation alike.
std::filesystem::path shared_folder() {
  if (const char* const named = std::getenv("LATERAL_SHARE")) return named;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "share" / "lateral";
}

std::string line_of(const demo::Stage& stage) {
  std::string name = stage.id;
  name.resize(20, ' ');
  return name + demo::percent(stage.accuracy) + "  [" + demo::percent(stage.low) + ", " +
         demo::percent(stage.high) + "]  " + std::to_string(stage.questions) + " questions";
}

std::string text_of(const demo::Report& report, const std::filesystem::path& page) {
  std::string text;
  for (const auto& stage : report.stages) text += line_of(stage) + "\n";
  text += "the LiDAR was taught in " + demo::fixed(report.teach_seconds, 1) + " s from " +
          std::to_string(report.teach_frames) + " frames without labels (with " +
          std::to_string(report.adapt_samples) + " labels: " + demo::fixed(report.adapt_seconds, 1) + " s)\n";
  text += "attach " + demo::fixed(1e3 * report.attach_ms, 1) + " µs, detach " +
          demo::fixed(1e3 * report.detach_ms, 1) + " µs; the unloaded camera is " + report.unload + "\n";
  text += std::string("text-only answers after unloading: ") +
          (report.text_identical ? "identical" : "DIFFERENT") +
          "; answers in flight: " + (report.inflight_identical ? "identical" : "DIFFERENT") + "\n";
  text += "page: " + page.string() + "\n";
  return text + "recordings to try adapt and eval on: " + (page.parent_path() / "recordings").string();
}

}  // namespace

int run_command(const DemoOptions& options, const CommonOptions& common) {
  require_output_folder(options.out);
  demo::StoryOptions story;
  const SignalWatcher signals([cancel = story.cancel] { cancel.cancel(); });
  const std::vector<std::string> overrides{"run.load=[]", "run.seed=" + std::to_string(options.seed),
                                           "adapt.seed=" + std::to_string(options.seed)};
  runtime::Runtime runtime(config::load(shared_folder() / "configs" / "night-drive.toml", overrides));

  ProgressLine line;
  story.seed = options.seed;
  story.progress = progress_on(line);
  story.on_stage = [&](const std::string& what) {
    line.clear();
    if (!common.json) print_line("- " + what);
  };
  const auto report = demo::tell_story(runtime, story);
  line.clear();
  const auto page = options.out / "index.html";
  write_atomically(page, demo::page_of(report));
  write_atomically(options.out / "chart.svg", demo::chart_of(report));
  write_atomically(options.out / "report.json", demo::to_json(report) + "\n");
  demo::write_recordings(options.out / "recordings", options.seed, story.cancel);
  print_line(common.json ? demo::to_json(report) : text_of(report, page));
  return report.text_identical && report.inflight_identical ? kExitOk : kExitFailed;
}

}  // namespace lateral::host
