#include "host/demo/page.hpp"

#include <algorithm>
#include <string_view>

#include "host/demo/markup.hpp"

namespace lateral::host::demo {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light}
body{margin:0;background:#f5f6fa;color:#1d2433;font:16px/1.55 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:34px;line-height:1.2;margin:8px 0}
h2{font-size:22px;margin:40px 0 8px}
.lead{font-size:18px;color:#46506a;max-width:760px}
.card{background:#fff;border:1px solid #e3e6ee;border-radius:12px;padding:20px;margin:16px 0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:20px 0}
.fact{background:#fff;border:1px solid #e3e6ee;border-radius:12px;padding:14px 16px}
.fact b{display:block;font-size:24px;line-height:1.2}.fact span{color:#667;font-size:13px}
.ring{display:grid;grid-template-columns:repeat(6,1fr);gap:4px;margin:4px 0 12px}
.ring img{width:100%;border-radius:4px;display:block}
.wide{width:100%;border-radius:4px;display:block}
.scan{display:grid;grid-template-columns:1fr 300px;gap:12px;align-items:center}
.scan .map{width:100%;border-radius:8px}
.label{font-size:13px;color:#667;margin:10px 0 2px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:7px 10px;border-bottom:1px solid #eceef4;vertical-align:top}
th{font-size:12px;color:#667;font-weight:600}
.right{color:#157a3c}.wrong{color:#b3261e}
.num{text-align:right;font-variant-numeric:tabular-nums}
footer{color:#667;font-size:14px;margin-top:40px}
@media(max-width:700px){.scan{grid-template-columns:1fr}.ring{grid-template-columns:repeat(3,1fr)}}
)";

std::string picture(const format::Image& image, std::string_view style, std::string_view description) {
  if (image.rgb.empty()) return {};
  return "<img class=\"" + std::string(style) + "\" alt=\"" + escaped(description) +
         "\" src=\"data:image/png;base64," + base64(format::encode_png(image)) + "\">";
}

std::string ring(const std::vector<format::Image>& views, std::string_view when) {
  std::string out = "<div class=\"ring\">";
  for (const format::Image& view : views) out += picture(view, "view", "camera view, " + std::string(when));
  return out + "</div>";
}

std::string fact(std::string_view value, std::string_view meaning) {
  return "<div class=\"fact\"><b>" + escaped(value) + "</b><span>" + escaped(meaning) + "</span></div>";
}

std::string facts(const Report& report) {
  return "<div class=\"facts\">" +
         fact(fixed(report.teach_seconds, 1) + " s",
              "to teach the LiDAR from " + std::to_string(report.teach_frames) +
                  " frames on which both sensors were recorded, without labels") +
         fact(fixed(report.adapt_seconds, 1) + " s",
              "beside it: from " + std::to_string(report.adapt_samples) + " labelled questions") +
         fact(fixed(1e3 * report.attach_ms, 1) + " µs", "to attach a sense to the running model") +
         fact(fixed(1e3 * report.detach_ms, 1) + " µs", "to detach it") +
         fact(report.unload, "the camera's library after its unload") +
         fact(report.text_identical ? "identical" : "DIFFERENT",
              "text-only answers before and after, bit for bit") +
         fact(report.inflight_identical ? "identical" : "DIFFERENT",
              "answers that ran while senses came and went") +
         "</div>";
}

std::string stage_rows(const Report& report) {
  std::string out;
  for (const Stage& stage : report.stages) {
    out += "<tr><td><b>" + escaped(stage.id) + "</b></td><td>" + escaped(stage.title) +
           "<br><span class=\"label\">" + escaped(stage.note) + "</span></td><td class=\"num\">" +
           percent(stage.accuracy) + "</td><td class=\"num\">" + percent(stage.low) + " to " +
           percent(stage.high) + "</td><td class=\"num\">" + std::to_string(stage.questions) + "</td></tr>\n";
  }
  return out;
}

std::string type_table(const Report& report) {
  const auto widest =
      std::max_element(report.stages.begin(), report.stages.end(),
                       [](const Stage& a, const Stage& b) { return a.by_type.size() < b.by_type.size(); });
  if (widest == report.stages.end() || widest->by_type.empty()) return {};
  std::string out = "<h2>By type of question</h2><div class=\"card\"><table><tr><th></th>";
  for (const auto& [type, unused] : widest->by_type) out += "<th class=\"num\">" + escaped(type) + "</th>";
  out += "</tr>\n";
  for (const Stage& stage : report.stages) {
    out += "<tr><td><b>" + escaped(stage.id) + "</b></td>";
    for (const auto& [type, unused] : widest->by_type) {
      const auto found = std::find_if(stage.by_type.begin(), stage.by_type.end(),
                                      [&](const auto& entry) { return entry.first == type; });
      out += "<td class=\"num\">" +
             (found == stage.by_type.end() ? std::string("-") : percent(found->second)) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</table></div>";
}

std::string dialogue_table(const std::vector<Dialogue>& dialogues) {
  if (dialogues.empty()) return {};
  std::string out = "<table><tr><th>question</th><th>truth</th>";
  for (const auto& reply : dialogues.front().replies) out += "<th>" + escaped(reply.stage) + "</th>";
  out += "</tr>\n";
  for (const Dialogue& dialogue : dialogues) {
    out += "<tr><td>" + escaped(dialogue.question) + "</td><td>" + escaped(dialogue.expected) + "</td>";
    for (const auto& reply : dialogue.replies) {
      const bool right = reply.text == dialogue.expected;
      out +=
          std::string("<td class=\"") + (right ? "right\">✓ " : "wrong\">✗ ") + escaped(reply.text) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</table>";
}

std::string showcase_card(const Showcase& showcase) {
  return "<div class=\"card\"><h3>" + escaped(showcase.title) +
         "</h3><div class=\"label\">six cameras by day</div>" + ring(showcase.day, "day") +
         "<div class=\"label\">the same moment by night</div>" + ring(showcase.night, "night") +
         "<div class=\"label\">LiDAR, by day and night the same: range picture, and the points from above "
         "with the "
         "true objects outlined</div><div class=\"scan\">" +
         picture(showcase.range, "wide", "LiDAR range picture") +
         picture(showcase.map, "map", "LiDAR points from above") + "</div>" +
         dialogue_table(showcase.dialogues) + "</div>";
}

constexpr std::string_view kRestsOn = R"(<h2>What this rests on</h2><div class="card">
<p>The scenes are generated, and so are the sensors. The language model, the encoders and the camera's connection were
trained beforehand by the recipe in the repository: both encoders learned from the same kind of labels, and the camera's
connection from the generator's own knowledge of its scenes. The LiDAR is
taught from recordings in which both sensors saw the same moment and the camera was still good: without such recordings,
labels are needed. <b>blind</b> is the best of three things that see nothing (no modality, the majority answer per
question text, an adapter on constant tokens); <b>shuffled</b> shows the model another scene's camera. Bars are 95 %
Wilson intervals. Every answer was generated token by token and compared as text.</p></div>)";

}  // namespace

std::string page_of(const Report& report) {
  std::string out =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>lateral demo</title><style>" +
      std::string(kStyle) +
      "</style></head><body><main><h1>Night falls, and the model gets a new sense</h1><p class=\"lead\">A "
      "language model "
      "answers questions about a driving scene through its cameras. Night falls and the cameras fail. While "
      "the "
      "model keeps running, a LiDAR plugin is loaded, the camera's own day recordings teach it, accuracy "
      "returns, "
      "and the camera plugin is unloaded. Nothing was restarted.</p>" +
      facts(report) + "<div class=\"card\">" + chart_of(report) + "</div>";
  for (const Showcase& showcase : report.showcases) out += showcase_card(showcase);
  out +=
      "<h2>Stages</h2><div class=\"card\"><table><tr><th>id</th><th>what happened</th><th "
      "class=\"num\">accuracy</th>"
      "<th class=\"num\">95 % interval</th><th class=\"num\">questions</th></tr>\n" +
      stage_rows(report) + "</table></div>" + type_table(report);
  out += kRestsOn;
  return out + "<footer>lateral demo, seed " + std::to_string(report.seed) + ", " + fixed(report.seconds, 0) +
         " seconds in all</footer></main></body></html>\n";
}

}  // namespace lateral::host::demo
