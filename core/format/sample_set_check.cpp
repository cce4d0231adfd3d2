#include <algorithm>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/format/sample_cross_check.hpp"
#include "core/format/sample_files.hpp"
#include "core/format/sample_set.hpp"
#include "core/format/sample_set_parts.hpp"

namespace lateral::format {
namespace {

struct Checked {
  SampleReport report;
  std::vector<Sample> samples;
};

void check_files(Checked& checked, FileCheck depth, const CheckProgress& progress) {
  detail::FileChecks files(checked.report, depth);
  std::set<std::string> seen;
  std::int64_t done = 0;
  for (const Sample& sample : checked.samples) {
    if (progress) progress(done++, checked.report.samples);
    for (const auto& [input, paths] : sample.inputs) {
      for (const auto& path : paths) {
        if (seen.insert(path.native()).second) files.check(sample, input, path);
      }
    }
  }
}

void count(SampleReport& report, const SampleSet& set) {
  for (const Sample& sample : set.samples) {
    ++report.by_split[sample.split];
    if (!sample.question.empty()) ++report.by_type[sample.type];
  }
  for (const Moment& moment : moments_of(set)) {
    ++report.moments;
    std::string together;
    for (const auto& [input, paths] : moment.inputs) {
      ++report.by_input[input];
      together += (together.empty() ? "" : "+") + input;
    }
    ++report.by_inputs[together];
  }
}

Checked check(const std::filesystem::path& folder, FileCheck depth, const CheckProgress& progress) {
  auto parsed = detail::parse_lines(folder);
  Checked checked{{}, std::move(parsed.samples)};
  SampleReport& report = checked.report;
  report.file = (std::filesystem::absolute(folder) / "samples.jsonl").lexically_normal();
  report.problems = std::move(parsed.problems);
  report.lines = parsed.lines;
  report.samples = static_cast<std::int64_t>(checked.samples.size());
  detail::CrossCheck together(report.problems);
  for (const Sample& sample : checked.samples) together.add(sample);
  report.remarks = together.finish();
  check_files(checked, depth, progress);
  std::stable_sort(report.problems.begin(), report.problems.end(),
                   [](const SampleProblem& a, const SampleProblem& b) { return a.line < b.line; });
  return checked;
}

}  // namespace

SampleReport check_samples(const std::filesystem::path& folder, FileCheck depth,
                           const CheckProgress& progress) {
  Checked checked = check(folder, depth, progress);
  count(checked.report, {folder, std::move(checked.samples)});
  return std::move(checked.report);
}

SampleSet read_samples(const std::filesystem::path& folder) {
  Checked checked = check(folder, FileCheck::Exists, {});
  const SampleReport& report = checked.report;
  if (!report.problems.empty()) {
    fail(Errc::Corrupt, "sample_set", report.problems.size(), " problems in ", report.file.string(), "\n",
         report.problems_text());
  }
  return {std::filesystem::absolute(folder).lexically_normal(), std::move(checked.samples)};
}

std::string SampleReport::problems_text(std::size_t limit) const {
  std::string text;
  for (std::size_t i = 0; i < std::min(limit, problems.size()); ++i) {
    const std::string line = problems[i].line == 0 ? "" : std::to_string(problems[i].line) + ":";
    text += (i == 0 ? "" : "\n") + file.filename().string() + ":" + line + " " + problems[i].message;
  }
  if (problems.size() > limit) text += "\n... and " + std::to_string(problems.size() - limit) + " more";
  return text;
}

}  // namespace lateral::format
