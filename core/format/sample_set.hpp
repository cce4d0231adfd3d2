#pragma once
// A data directory: DIR/samples.jsonl, one object a line, {"id": "000017", "split": "train", "inputs":
// {"camera": ["a.jpg", "b.jpg"], "lidar": "c.bin"}, "question": "is there a bus?", "answer": "no", "type":
// "existence"} What was recorded at one moment shares one id. So an id may have many lines (many questions),
// but every line of an id that names an input names the same files for it, and an id belongs to one split:
// otherwise recordings are mispaired or held-out moments leak into training. `question`, `answer` and `type`
// may be absent (recordings without labels); an answer needs its question. `inputs` may be absent in a line
// whose id had them before: a moment with a hundred questions names its files once.
//
// Paths are relative to DIR. Absolute paths and `..` are allowed: recordings are large and often stay on
// another disk, and reading a file as a picture gives nobody more than the user who started lateral has. The
// report counts them, because such a directory cannot be moved alone.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lateral::format {

struct Sample {
  std::string id;
  std::string split;  ///< "train", "val" or "test"
  /// Input name -> absolute paths, in order; empty where an earlier line of the id names them.
  std::map<std::string, std::vector<std::filesystem::path>> inputs;
  std::string question, answer, type;  ///< empty when absent
  int line = 0;                        ///< in samples.jsonl, from 1
};

/// Samples of one moment: the union of their inputs.
struct Moment {
  std::string id, split;
  std::map<std::string, std::vector<std::filesystem::path>> inputs;
  std::vector<std::size_t> samples;  ///< indices into SampleSet::samples, in file order
};

struct SampleSet {
  std::filesystem::path folder;
  std::vector<Sample> samples;  ///< in file order
};

/// One mistake in the directory. `line` is 0 for a mistake of the whole file.
struct SampleProblem {
  int line = 0;
  std::string message;
};

/// What `lateral data check DIR` prints.
struct SampleReport {
  std::filesystem::path file;           ///< DIR/samples.jsonl
  std::vector<SampleProblem> problems;  ///< in line order; empty = the directory is good
  std::vector<std::string> remarks;     ///< what is allowed and may be meant otherwise
  std::int64_t lines = 0, samples = 0, moments = 0, files = 0;
  std::int64_t outside = 0;                      ///< files that are not below DIR
  std::map<std::string, std::int64_t> by_split;  ///< samples
  std::map<std::string, std::int64_t> by_type;   ///< samples that have a question; "" = no type given
  std::map<std::string, std::int64_t> by_input;  ///< moments that have this input
  /// Moments by what was recorded together, e.g. "camera+lidar".
  std::map<std::string, std::int64_t> by_inputs;

  /// "samples.jsonl:3: ..." for each problem, one a line; at most `limit` of them, then how many more.
  std::string problems_text(std::size_t limit = 50) const;
};

enum class FileCheck {
  Exists,  ///< every file is there and regular
  /// And pictures, clouds, sound, tables and arrays can be decoded and are finite (by their ending; `.bin` by
  /// size alone), and no file has the content of one in another split.
  Decodes,
};

/// Called before each sample's files with the samples done and in all; may throw to stop.
using CheckProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// All samples.
/// Throws Corrupt with all problems at once (problems_text), NotFound when there is no samples.jsonl.
SampleSet read_samples(const std::filesystem::path& folder);

/// Looks at everything and throws only when samples.jsonl itself cannot be read.
SampleReport check_samples(const std::filesystem::path& folder, FileCheck depth = FileCheck::Exists,
                           const CheckProgress& progress = {});

/// Groups samples by id, in order of first appearance.
std::vector<Moment> moments_of(const SampleSet& set);

}  // namespace lateral::format
