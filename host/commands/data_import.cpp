#include "core/format/json.hpp"
#include "host/commands/commands.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

using dataset::Collection;
using dataset::ImportReport;
using dataset::Work;

/// The import that the options name, into `collection`.
class Import {
 public:
  Import(Collection& collection, const DataImportOptions& options, const Work& work)
      : collection_(collection), options_(options), work_(work) {}

  void operator()(const dataset::NuScenesImport& import) const {
    dataset::import_nuscenes(import, collection_, work_);
  }
  void operator()(const dataset::KittiImport& import) const {
    dataset::import_kitti(import, collection_, work_);
  }
  void operator()(const dataset::DriveLmImport& import) const {
    dataset::import_drivelm(import, collection_, work_);
  }
  void operator()(dataset::FolderImport import) const {
    import.labelling.answers = answers();
    dataset::import_folder(import, collection_, work_);
  }
  void operator()(dataset::WindowsImport import) const {
    import.labelling.answers = answers();
    dataset::import_windows(import, collection_, work_);
  }

 private:
  std::map<std::string, std::string> answers() const {
    if (options_.answers.empty()) return {};
    return dataset::read_answers(options_.answers);
  }

  Collection& collection_;
  const DataImportOptions& options_;
  const Work& work_;
};

std::string text_of(const ImportReport& report) {
  std::string text = report.file.string() + ": " + std::to_string(report.moments) + " moments (" +
                     listed(report.moments_by_split) + "), " + std::to_string(report.questions) +
                     " questions";
  if (report.questions > 0) {
    text +=
        " (" + listed(report.questions_by_split) + ")\n  question types: " + listed(report.questions_by_type);
  }
  for (const auto& [why, what] : report.left_out)
    text += "\n  left out: " + std::to_string(what.count) + " " + why + ", e.g. " + what.example;
  return text;
}

std::string json_of(const ImportReport& report) {
  format::json::Writer json;
  json.begin_object()
      .member("file", report.file.string())
      .member("moments", report.moments)
      .member("questions", report.questions);
  add_counts(json, "moments_by_split", report.moments_by_split);
  add_counts(json, "questions_by_split", report.questions_by_split);
  add_counts(json, "questions_by_type", report.questions_by_type);
  json.key("left_out").begin_array();
  for (const auto& [why, what] : report.left_out) {
    json.begin_object()
        .member("reason", why)
        .member("count", what.count)
        .member("example", what.example)
        .end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace

int run_command(const DataImportOptions& options, const CommonOptions& common) {
  dataset::require_replaceable(options.out, options.replace);
  Work work;
  const SignalWatcher signals([cancel = work.cancel] { cancel.cancel(); });
  ProgressLine line;
  work.progress = [&](std::string_view phase, std::int64_t step, std::int64_t steps) {
    line.show(std::string(phase), step, steps, -1);
  };
  Collection collection;
  std::visit(Import(collection, options, work), options.import);
  const ImportReport report = collection.write(options.out, options.replace);
  line.clear();
  print_line(common.json ? json_of(report) : text_of(report));
  return kExitOk;
}

}  // namespace lateral::host
