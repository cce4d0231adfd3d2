#include "host/demo/report.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/json.hpp"

namespace lateral::host::demo {

const Stage& stage_of(const Report& report, const std::string& id) {
  const auto found = std::find_if(report.stages.begin(), report.stages.end(),
                                  [&](const Stage& stage) { return stage.id == id; });
  if (found == report.stages.end()) fail(Errc::Internal, "demo", "the story has no stage ", id);
  return *found;
}

std::string to_json(const Report& report) {
  format::json::Writer json;
  json.begin_object().key("stages").begin_array();
  for (const Stage& stage : report.stages) {
    json.begin_object()
        .member("id", stage.id)
        .member("accuracy", stage.accuracy)
        .member("low", stage.low)
        .member("high", stage.high)
        .member("questions", stage.questions);
    json.key("by_type").begin_object();
    for (const auto& [type, accuracy] : stage.by_type) json.member(type, accuracy);
    json.end_object().end_object();
  }
  json.end_array()
      .member("teach_seconds", report.teach_seconds)
      .member("teach_frames", report.teach_frames)
      .member("adapt_seconds", report.adapt_seconds)
      .member("adapt_samples", report.adapt_samples)
      .member("attach_ms", report.attach_ms)
      .member("detach_ms", report.detach_ms)
      .member("unload", report.unload)
      .member("text_identical", report.text_identical)
      .member("inflight_identical", report.inflight_identical)
      .member("seed", report.seed)
      .member("seconds", report.seconds)
      .end_object();
  return std::move(json).text();
}

}  // namespace lateral::host::demo
