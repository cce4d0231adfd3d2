#include "host/demo/page.hpp"

#include <algorithm>
#include <cstdint>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "host/demo/markup.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::host::demo;

namespace {

Report small_report() {
  Report report;
  report.stages = {{"blind", "Nothing attached", "a control", 0.45, 0.42, 0.48, 1000, {{"count", 0.4}}},
                   {"day-camera", "Day", "the camera <answers>", 0.93, 0.91, 0.945, 1000, {{"count", 0.9}}},
                   {"night-camera", "Night", "", 0.41, 0.38, 0.44, 1000, {{"count", 0.3}}}};
  report.events = {{"night-camera", "night falls"}};
  format::Image grey{2, 3, std::vector<std::uint8_t>(18, 128)};
  Showcase showcase;
  showcase.title = "Scene \"7\"";
  showcase.day = showcase.night = {grey};
  showcase.range = showcase.map = grey;
  showcase.dialogues = {{"is there a <car> ?", "yes", {{"day-camera", "yes"}, {"night-camera", "no"}}}};
  report.showcases = {showcase};
  report.unload = "unmapped";
  report.text_identical = true;
  return report;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

}  // namespace

TEST_CASE("base64 gives the examples of RFC 4648") {
  CHECK(base64(bytes_of("")).empty());
  CHECK(base64(bytes_of("f")) == "Zg==");
  CHECK(base64(bytes_of("fo")) == "Zm8=");
  CHECK(base64(bytes_of("foo")) == "Zm9v");
  CHECK(base64(bytes_of("foobar")) == "Zm9vYmFy");
}

TEST_CASE("text from scenes and models cannot break the page") {
  CHECK(escaped("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
  const std::string page = page_of(small_report());
  CHECK(page.find("<car>") == std::string::npos);
  CHECK(page.find("is there a &lt;car&gt; ?") != std::string::npos);
}

TEST_CASE("the page stands alone: pictures inside, nothing fetched, no scripts") {
  const std::string page = page_of(small_report());
  CHECK(count(page, "data:image/png;base64,") == 4);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("src=\"http") == std::string::npos);
}

TEST_CASE("right and wrong replies are told apart") {
  const std::string page = page_of(small_report());
  CHECK(count(page, "class=\"right\"") == 1);
  CHECK(count(page, "class=\"wrong\"") == 1);
}

TEST_CASE("the chart draws controls as lines and the story as points with intervals") {
  const std::string chart = chart_of(small_report());
  CHECK(count(chart, "<circle") == 2);
  CHECK(count(chart, "class=\"control\"") == 1);
  CHECK(chart.find("93.0 %") != std::string::npos);
  CHECK(chart.find("night falls") != std::string::npos);
}

TEST_CASE("the JSON report holds every promised member") {
  const auto json = format::json::parse(to_json(small_report()), "report");
  CHECK(json.at("stages").size() == 3);
  CHECK(json.at("stages")[1].at("id").as_string() == "day-camera");
  CHECK(json.at("stages")[1].at("accuracy").as_double() == Catch::Approx(0.93));
  for (const char* name : {"teach_seconds", "teach_frames", "adapt_seconds", "adapt_samples", "attach_ms",
                           "detach_ms", "unload", "text_identical", "inflight_identical", "seed"}) {
    CHECK(json.find(name).has_value());
  }
  CHECK_THROWS_AS(stage_of(small_report(), "dawn"), Error);
}
