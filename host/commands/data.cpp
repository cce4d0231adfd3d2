#include <algorithm>
#include <string>

#include "core/base/cancel.hpp"
#include "core/format/json.hpp"
#include "core/format/sample_set.hpp"
#include "host/commands/commands.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

constexpr std::size_t kMaxProblems = 1000;  // listed as JSON

std::string text_of(const format::SampleReport& report) {
  std::string text = report.file.string() + ": " + std::to_string(report.lines) + " lines, " +
                     std::to_string(report.moments) + " moments, " + std::to_string(report.files) +
                     " files\n  splits: " + listed(report.by_split) +
                     "\n  question types: " + listed(report.by_type) +
                     "\n  recorded together: " + listed(report.by_inputs);
  if (report.outside > 0) text += "\n  " + std::to_string(report.outside) + " files lie outside this folder";
  for (const auto& remark : report.remarks) text += "\n  " + remark;
  return text + (report.problems.empty() ? "\nno problems" : "\n" + report.problems_text());
}

std::string json_of(const format::SampleReport& report) {
  format::json::Writer json;
  json.begin_object()
      .member("file", report.file.string())
      .member("lines", report.lines)
      .member("samples", report.samples)
      .member("moments", report.moments)
      .member("files", report.files)
      .member("outside", report.outside);
  add_counts(json, "by_split", report.by_split);
  add_counts(json, "by_type", report.by_type);
  add_counts(json, "by_input", report.by_input);
  add_counts(json, "by_inputs", report.by_inputs);
  json.key("remarks").begin_array();
  for (const auto& remark : report.remarks) json.value(remark);
  json.end_array().member("problem_count", static_cast<std::int64_t>(report.problems.size()));
  json.key("problems").begin_array();
  for (std::size_t i = 0; i < std::min(report.problems.size(), kMaxProblems); ++i) {
    const auto& problem = report.problems[i];
    json.begin_object().member("line", problem.line).member("message", problem.message).end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace

int run_command(const DataCheckOptions& options, const CommonOptions& common) {
  const CancelToken cancel;
  const SignalWatcher signals([cancel] { cancel.cancel(); });
  ProgressLine line;
  const auto depth = options.decode ? format::FileCheck::Decodes : format::FileCheck::Exists;
  const auto report =
      format::check_samples(options.folder, depth, [&](std::int64_t done, std::int64_t total) {
        cancel.check("data check");
        if (done % 16 == 0) line.show("checking", done, total, -1);
      });
  line.clear();
  print_line(common.json ? json_of(report) : text_of(report));
  return report.problems.empty() ? kExitOk : kExitFailed;
}

}  // namespace lateral::host
