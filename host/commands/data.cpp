#include <map>
#include <string>

#include "core/format/json.hpp"
#include "core/format/sample_set.hpp"
#include "host/commands/commands.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"

namespace lateral::host {
namespace {

using Counts = std::map<std::string, std::int64_t>;

std::string listed(const Counts& counts) {
  std::string out;
  for (const auto& [name, count] : counts) {
    out += (out.empty() ? "" : ", ") + (name.empty() ? std::string("(none)") : name) + " " +
           std::to_string(count);
  }
  return out.empty() ? "none" : out;
}

std::string text_of(const format::SampleReport& report) {
  std::string text = report.file.string() + ": " + std::to_string(report.lines) + " lines, " +
                     std::to_string(report.moments) + " moments, " + std::to_string(report.files) +
                     " files\n  splits: " + listed(report.by_split) +
                     "\n  question types: " + listed(report.by_type) +
                     "\n  recorded together: " + listed(report.by_inputs);
  if (report.outside > 0) text += "\n  " + std::to_string(report.outside) + " files lie outside this folder";
  return text + (report.problems.empty() ? "\nno problems" : "\n" + report.problems_text());
}

void add_counts(format::json::Writer& json, std::string_view name, const Counts& counts) {
  json.key(name).begin_object();
  for (const auto& [key, count] : counts) json.member(key, count);
  json.end_object();
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
  json.key("problems").begin_array();
  for (const auto& problem : report.problems) {
    json.begin_object().member("line", problem.line).member("message", problem.message).end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace

int run_command(const DataCheckOptions& options, const CommonOptions& common) {
  const auto report = format::check_samples(
      options.folder, options.decode ? format::FileCheck::Decodes : format::FileCheck::Exists);
  print_line(common.json ? json_of(report) : text_of(report));
  return report.problems.empty() ? kExitOk : kExitFailed;
}

}  // namespace lateral::host
