#include <algorithm>
#include <map>
#include <utility>

#include "core/base/error.hpp"
#include "core/format/csv.hpp"
#include "core/format/image.hpp"
#include "core/format/json.hpp"
#include "core/format/npy.hpp"
#include "core/format/point_cloud.hpp"
#include "core/format/sample_set.hpp"
#include "core/format/sample_set_parts.hpp"
#include "core/format/wav.hpp"

namespace lateral::format {
namespace {

using Inputs = std::map<std::string, std::vector<std::filesystem::path>>;

/// What the lines say together: moments that contradict themselves, questions asked twice, files of
/// two moments.
class CrossCheck {
 public:
  explicit CrossCheck(std::vector<SampleProblem>& problems) : problems_(problems) {}

  void add(const Sample& sample) {
    check_split(sample);
    for (const auto& [input, paths] : sample.inputs) {
      check_same_files(sample, input, paths);
      for (const auto& path : paths) check_one_owner(sample, path);
    }
    if (!sample.question.empty()) check_question(sample);
  }

 private:
  struct First {
    std::string value;
    int line;
  };

  template <typename... Parts>
  void report(const Sample& sample, const Parts&... parts) {
    problems_.push_back({sample.line, lateral::detail::concat(parts...)});
  }

  void check_split(const Sample& sample) {
    const auto [at, fresh] = splits_.try_emplace(sample.id, First{sample.split, sample.line});
    if (!fresh && at->second.value != sample.split) {
      report(sample, "id ", json::quote(sample.id), " is in split ", sample.split, ", in line ",
             at->second.line, " in ", at->second.value,
             ": a moment belongs to one split, or held-out recordings leak into training");
    }
  }

  void check_same_files(const Sample& sample, const std::string& input,
                        const std::vector<std::filesystem::path>& paths) {
    const auto [at, fresh] = files_.try_emplace({sample.id, input}, &paths, sample.line);
    if (!fresh && *at->second.first != paths) {
      report(sample, "id ", json::quote(sample.id), " has other files for input ", json::quote(input),
             " than in line ", at->second.second, ": one id is one moment");
    }
  }

  void check_one_owner(const Sample& sample, const std::filesystem::path& path) {
    const auto [at, fresh] = owners_.try_emplace(path.native(), First{sample.id, sample.line});
    if (!fresh && at->second.value != sample.id) {
      report(sample, path.string(), " is mispaired: it is recorded under id ", json::quote(sample.id),
             " here and under id ", json::quote(at->second.value), " in line ", at->second.line,
             "; what was recorded at one moment shares one id");
    }
  }

  void check_question(const Sample& sample) {
    const auto [at, fresh] =
        questions_.try_emplace({sample.id, sample.question}, First{sample.answer, sample.line});
    if (fresh) return;
    report(sample, "the question of line ", at->second.line, " is asked again for id ",
           json::quote(sample.id), at->second.value == sample.answer ? "" : ", with another answer");
  }

  std::vector<SampleProblem>& problems_;
  std::map<std::string, First> splits_;
  std::map<std::pair<std::string, std::string>, std::pair<const std::vector<std::filesystem::path>*, int>>
      files_;
  std::map<std::string, First> owners_;
  std::map<std::pair<std::string, std::string>, First> questions_;
};

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

void check_files(SampleReport& report, const std::vector<Sample>& samples, FileCheck depth) {
  const auto folder = report.file.parent_path();
  std::map<std::string, int> seen;
  for (const Sample& sample : samples) {
    for (const auto& [input, paths] : sample.inputs) {
      for (const auto& path : paths) {
        if (!seen.emplace(path.native(), sample.line).second) continue;
        ++report.files;
        if (!is_below(path, folder)) ++report.outside;
        if (const auto problem = detail::problem_of_file(path, depth)) {
          report.problems.push_back({sample.line, "input " + json::quote(input) + ": " + *problem});
        }
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

void decode(const std::filesystem::path& path, const std::string& ending) {
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".png") {
    read_image(path);
  } else if (ending == ".pcd" || ending == ".ply") {
    read_point_cloud(path);
  } else if (ending == ".wav") {
    read_wav(path);
  } else if (ending == ".npy") {
    read_npy(path);
  } else if (ending == ".csv") {
    read_csv(path);
  } else if (ending == ".bin") {
    const auto size = std::filesystem::file_size(path);
    if (size % 16 != 0 && size % 20 != 0) {
      fail(Errc::Corrupt, "point_cloud", path.string(), " has ", size,
           " bytes, no whole number of rows of 4 or 5 float32");
    }
  }
}

}  // namespace

std::optional<std::string> detail::problem_of_file(const std::filesystem::path& path, FileCheck depth) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return path.string() + " is not there";
  if (!std::filesystem::is_regular_file(status)) return path.string() + " is not a regular file";
  if (depth == FileCheck::Exists) return std::nullopt;
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  try {
    decode(path, ending);
  } catch (const Error& reason) {
    return std::string(reason.what());
  }
  return std::nullopt;
}

SampleReport check_samples(const std::filesystem::path& folder, FileCheck depth) {
  auto parsed = detail::parse_lines(folder);
  SampleReport report;
  report.file = (std::filesystem::absolute(folder) / "samples.jsonl").lexically_normal();
  report.problems = std::move(parsed.problems);
  report.lines = parsed.lines;
  report.samples = static_cast<std::int64_t>(parsed.samples.size());
  CrossCheck together(report.problems);
  for (const Sample& sample : parsed.samples) together.add(sample);
  check_files(report, parsed.samples, depth);
  count(report, {folder, std::move(parsed.samples)});
  std::stable_sort(report.problems.begin(), report.problems.end(),
                   [](const SampleProblem& a, const SampleProblem& b) { return a.line < b.line; });
  return report;
}

SampleSet read_samples(const std::filesystem::path& folder) {
  const SampleReport report = check_samples(folder);
  if (!report.problems.empty()) {
    fail(Errc::Corrupt, "sample_set", report.problems.size(), " problems in ", report.file.string(), "\n",
         report.problems_text());
  }
  return {std::filesystem::absolute(folder).lexically_normal(), detail::parse_lines(folder).samples};
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
