#include <algorithm>
#include <string>
#include <string_view>

#include "host/demo/markup.hpp"
#include "host/demo/page.hpp"

namespace lateral::host::demo {
namespace {

// All in SVG user units.
constexpr double kWidth = 960, kHeight = 384;
constexpr double kLeft = 64, kRight = 24, kTop = 28, kBottom = 92;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;

bool is_control(const Stage& stage) {
  return stage.id == "blind" || stage.id == "shuffled";
}
// Not a step of the story but another way to the same point, shown beside it.
bool is_alternative(const Stage& stage) {
  return stage.id == "night-lidar-labels";
}

double y_of(double accuracy) {
  return kTop + kPlotHeight * (1.0 - std::clamp(accuracy, 0.0, 1.0));
}

struct Text {
  double x, y;
  std::string_view style, content;
};

std::string text(const Text& t) {
  return "<text x=\"" + fixed(t.x, 1) + "\" y=\"" + fixed(t.y, 1) + "\" class=\"" + std::string(t.style) +
         "\">" + escaped(t.content) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, std::string_view style) {
  return "<line x1=\"" + fixed(x1, 1) + "\" y1=\"" + fixed(y1, 1) + "\" x2=\"" + fixed(x2, 1) + "\" y2=\"" +
         fixed(y2, 1) + "\" class=\"" + std::string(style) + "\"/>\n";
}

std::string grid() {
  std::string out;
  for (int tick = 0; tick <= 10; tick += 2) {
    const double y = y_of(tick / 10.0);
    out += line(kLeft, y, kWidth - kRight, y, "grid");
    out += text({kLeft - 10, y + 4, "tick", std::to_string(tick * 10) + " %"});
  }
  return out;
}

// Controls are levels to compare with, so they are lines across the whole chart. Two of them lie close together: the
// higher one has its name above the line, the other one below.
std::string control_line(const Stage& stage, bool name_above) {
  const double y = y_of(stage.accuracy);
  return line(kLeft, y, kWidth - kRight, y, "control") +
         text({kLeft + 6, y + (name_above ? -6 : 15), "control-name",
               stage.id + "  " + percent(stage.accuracy)});
}

double highest_control(const Report& report) {
  double highest = 0;
  for (const Stage& stage : report.stages) {
    if (is_control(stage)) highest = std::max(highest, stage.accuracy);
  }
  return highest;
}

std::string point(const Stage& stage, double x) {
  const std::string_view style = is_alternative(stage) ? "alternative" : "story";
  std::string out = line(x, y_of(stage.low), x, y_of(stage.high), style);
  for (const double end : {stage.low, stage.high}) out += line(x - 6, y_of(end), x + 6, y_of(end), style);
  out += "<circle cx=\"" + fixed(x, 1) + "\" cy=\"" + fixed(y_of(stage.accuracy), 1) + "\" r=\"6\" class=\"" +
         std::string(style) + "\"><title>" + escaped(stage.id) + ": " + percent(stage.accuracy) + " [" +
         percent(stage.low) + ", " + percent(stage.high) + "], " + std::to_string(stage.questions) +
         " questions</title></circle>\n";
  out += text({x, y_of(stage.high) - 10, "value", percent(stage.accuracy)});
  out += text({x, kTop + kPlotHeight + 22, "stage", stage.id});
  return out;
}

std::string events_before(const Report& report, const Stage& stage, double x) {
  std::string out;
  double y = kTop + kPlotHeight + 44;
  for (const Event& event : report.events) {
    if (event.before_stage != stage.id) continue;
    if (out.empty()) out += line(x, kTop, x, kTop + kPlotHeight, "event");
    out += text({x, y, "event-name", event.text});
    y += 15;
  }
  return out;
}

constexpr std::string_view kStyle = R"(
text{font:12px system-ui,sans-serif;fill:#334}
.tick{text-anchor:end;fill:#667}.control-name{text-anchor:start;fill:#667}
.value{text-anchor:middle;font-weight:600;font-size:13px}
.stage{text-anchor:middle;font-weight:600}
.event-name{text-anchor:middle;fill:#8a4b08;font-size:11px}
.grid{stroke:#e3e6ee}.control{stroke:#9aa3b5;stroke-dasharray:5 5}
.event{stroke:#e7b778;stroke-dasharray:2 4}
line.story{stroke:#2456c9;stroke-width:2}circle.story{fill:#2456c9}
line.alternative{stroke:#7a8fc4;stroke-width:2}circle.alternative{fill:#fff;stroke:#7a8fc4;stroke-width:3}
.path{fill:none;stroke:#2456c9;stroke-width:2;opacity:.45}
)";

}  // namespace

std::string chart_of(const Report& report) {
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + fixed(kWidth, 0) + " " +
                    fixed(kHeight, 0) + "\" role=\"img\" aria-label=\"Accuracy along the story\">\n<style>" +
                    std::string(kStyle) + "</style>\n" + grid();
  const auto steps = std::count_if(report.stages.begin(), report.stages.end(),
                                   [](const Stage& stage) { return !is_control(stage); });
  const double step = kPlotWidth / static_cast<double>(std::max<std::ptrdiff_t>(steps, 1));

  std::string points, path;
  double x = kLeft + step / 2;
  for (const Stage& stage : report.stages) {
    if (is_control(stage)) {
      out += control_line(stage, stage.accuracy >= highest_control(report));
      continue;
    }
    out += events_before(report, stage, x - step / 2);
    points += point(stage, x);
    if (!is_alternative(stage)) path += fixed(x, 1) + "," + fixed(y_of(stage.accuracy), 1) + " ";
    x += step;
  }
  return out + "<polyline class=\"path\" points=\"" + path + "\"/>\n" + points + "</svg>\n";
}

}  // namespace lateral::host::demo
