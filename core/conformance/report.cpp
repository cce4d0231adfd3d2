#include "core/conformance/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/conformance/catalogue.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::conformance {
namespace {

std::string advice_for(const Finding& finding) {
  const auto* const test = find_test(finding.id);
  const bool wanted = finding.verdict == Verdict::Fail || finding.verdict == Verdict::Warn;
  return test != nullptr && wanted ? std::string(test->advice) : std::string();
}

std::int64_t count(const Report& report, Verdict verdict) {
  return std::count_if(report.findings.begin(), report.findings.end(),
                       [&](const auto& finding) { return finding.verdict == verdict; });
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

/// One line that a terminal shows as it is: parts of it may be the plugin's own words.
std::string plain(std::string_view text) {
  std::string line = format::utf8::sanitize(text);
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  std::replace_if(line.begin(), line.end(), control, ' ');
  return line;
}

std::string summary(const Report& report) {
  const auto several = [&](Verdict verdict, const char* word) {
    return std::to_string(count(report, verdict)) + " " + word;
  };
  const std::string verdict = report.verdict() == Verdict::Fail ? "does not conform"
                              : report.obstacle.empty()         ? "conforms"
                                                                : "was not judged";
  return (report.obstacle.empty() ? "" : report.obstacle + "\n") + verdict + ": " +
         several(Verdict::Pass, "passed, ") + several(Verdict::Warn, "warnings, ") +
         several(Verdict::Fail, "failed, ") + several(Verdict::Skip, "skipped");
}

}  // namespace

std::string text_of(const Report& report, const Settings& settings) {
  std::string text = settings.file.string() +
                     (report.plugin_id.empty() ? "" : ": " + report.plugin_id + " " + report.version) +
                     ", seed " + std::to_string(settings.seed) + "\n";
  for (const auto& finding : report.findings) {
    text += std::string(name_of(finding.verdict)) + "  " + padded(finding.id, 30) + "  " +
            plain(finding.reason) + "\n";
    if (finding.verdict != Verdict::Fail && finding.verdict != Verdict::Warn) continue;
    text += "        " + advice_for(finding) + "\n        again: " + settings.command_for(finding.id) + "\n";
  }
  for (const auto& [name, value] : report.figures)
    text += "      " + padded(name, 30) + "  " + number(value) + "\n";
  return text + summary(report);
}

std::string json_of(const Report& report, const Settings& settings) {
  format::json::Writer json(2);
  json.begin_object()
      .member("file", settings.file.string())
      .member("id", report.plugin_id)
      .member("version", report.version)
      .member("seed", settings.seed)
      .member("timeout_ms", static_cast<std::int64_t>(settings.timeout.count()))
      .member("verdict", name_of(report.verdict()))
      .member("obstacle", report.obstacle);
  json.key("counts").begin_object();
  for (const auto verdict : {Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Skip}) {
    json.member(name_of(verdict), count(report, verdict));
  }
  json.end_object().key("tests").begin_array();
  for (const auto& finding : report.findings) {
    json.begin_object()
        .member("id", finding.id)
        .member("group", group_of(finding.id))
        .member("verdict", name_of(finding.verdict))
        .member("reason", finding.reason)
        .member("advice", advice_for(finding))
        .member("repeat", settings.command_for(finding.id))
        .end_object();
  }
  json.end_array().key("figures").begin_object();
  for (const auto& [name, value] : report.figures) json.member(name, value);
  json.end_object().end_object();
  return std::move(json).text();
}

}  // namespace lateral::conformance
