#include "core/dataset/windows.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/dataset/folder.hpp"
#include "core/dataset/path_pattern.hpp"
#include "core/format/csv.hpp"
#include "core/format/npy.hpp"
#include "core/format/table.hpp"

namespace lateral::dataset {
namespace {

constexpr std::int64_t kMaxWindowRows = 1 << 20;
constexpr double kExact = 1 << 24;  // below it a float32 has every integer

struct Column {
  std::string name;
  std::vector<double> values;
  bool elapsed = false;  ///< a window has it less the window's first value
};

/// One recording: its columns side by side, and a label a row where there are labels.
struct Recording {
  std::filesystem::path path;
  std::vector<Column> columns;
  std::vector<std::string> labels;
  std::int64_t rows = 0;
};

/// The file's column of that name, or of the name without ":elapsed".
Column read_column(const format::CsvTable& table, const std::string& name) {
  std::string_view in_file = name;
  const bool elapsed = in_file.ends_with(format::kElapsed);
  if (elapsed) in_file.remove_suffix(format::kElapsed.size());
  return {name, table.numbers(in_file), elapsed};
}

/// The middle one of the steps of a column that never falls, as a clock does; nothing for any other.
std::optional<double> usual_step(const std::vector<double>& values) {
  if (!std::is_sorted(values.begin(), values.end())) return std::nullopt;
  std::vector<double> steps;
  for (std::size_t row = 1; row < values.size(); ++row) {
    if (values[row] != values[row - 1]) steps.push_back(values[row] - values[row - 1]);
  }
  if (steps.empty()) return std::nullopt;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

/// What a float32 makes of a clock: many moments become one. Elsewhere it only loses digits that mean nothing: two readings
/// of a sensor may come out as one number, but not where a usual step is lost.
void require_kept_apart(const Column& column, const std::filesystem::path& path) {
  if (column.elapsed) return;
  const auto step = usual_step(column.values);
  for (std::size_t row = 1; row < column.values.size(); ++row) {
    const double before = column.values[row - 1], value = column.values[row];
    if (before == value || static_cast<float>(before) != static_cast<float>(value)) continue;
    const bool ticks = step && value - before >= *step / 2;
    if (std::abs(value) < kExact && !ticks) continue;
    fail(Errc::InvalidArgument, "import", path.string(), ": as float32 rows ", row, " and ", row + 1,
         " of column '", shown(column.name), "' are one number; of times take '", shown(column.name),
         format::kElapsed, "', what elapsed since the window began");
  }
}

Recording read_recording(const std::filesystem::path& path, const WindowsImport& import) {
  std::vector<std::string> words;
  if (!import.label_column.empty()) words.push_back(import.label_column);
  const format::CsvTable table = format::read_csv(path, words);
  Recording recording{path, {}, {}, table.rows()};
  for (const std::string& name : import.columns) {
    recording.columns.push_back(read_column(table, name));
    require_kept_apart(recording.columns.back(), path);
  }
  if (!words.empty()) recording.labels = table.words(import.label_column);
  return recording;
}

/// The label that enough rows of a window have; an empty one is none.
std::optional<std::string> label_of(const Recording& recording, std::int64_t start,
                                    const WindowsImport& import) {
  std::map<std::string, std::int64_t> counts;
  for (std::int64_t row = start; row < start + import.rows; ++row)
    ++counts[recording.labels[static_cast<std::size_t>(row)]];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  // Divided, not multiplied: 55 / 100 is 0.55 as it was typed, 0.55 * 100 is more than 55.
  const double share = static_cast<double>(most->second) / static_cast<double>(import.rows);
  return share >= import.majority && !most->first.empty() ? std::optional(most->first) : std::nullopt;
}

std::vector<float> values_of(const Recording& recording, std::int64_t start, std::int64_t rows) {
  std::vector<float> values;
  for (std::int64_t row = start; row < start + rows; ++row) {
    std::int64_t index = 0;
    for (const auto& column : recording.columns) {
      const double first = column.elapsed ? column.values[static_cast<std::size_t>(start)] : 0;
      values.push_back(format::finite_float(column.values[static_cast<std::size_t>(row)] - first, row,
                                            index++, column.name, recording.path));
    }
  }
  return values;
}

/// FOLDER/NAME-HASH.npy. The hash is that of the content, so that an import never changes a window that an earlier list
/// names, however it ends.
std::filesystem::path write_window(const std::filesystem::path& folder, const std::string& name,
                                   const std::vector<float>& values, std::int64_t rows) {
  const auto bytes = format::encode_npy(values, {rows, static_cast<std::int64_t>(values.size()) / rows});
  auto file = folder / (name + "-" + Hash64().add(std::span(bytes)).text() + ".npy");
  std::filesystem::create_directories(file.parent_path());
  write_atomically(file, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return file;
}

/// "s03/walk" and 40 -> "s03/walk-000040"
std::string window_name(const std::string& recording, std::int64_t start) {
  std::string digits = std::to_string(start);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return recording + "-" + digits;
}

void require_sound(const WindowsImport& import) {
  if (import.rows < 1 || import.rows > kMaxWindowRows || import.hop < 1) {
    fail(Errc::InvalidArgument, "import", "windows of ", import.rows, " rows every ", import.hop,
         " rows; 1 to ", kMaxWindowRows, " rows and a hop of at least 1 were expected");
  }
  if (import.columns.empty()) fail(Errc::InvalidArgument, "import", "no columns are named");
  if (import.input.empty()) fail(Errc::InvalidArgument, "import", "the input has no name");
  if (!(import.majority > 0 && import.majority <= 1))
    fail(Errc::InvalidArgument, "import", "a majority of ", import.majority, " is no share above 0, up to 1");
}

}  // namespace

void import_windows(const WindowsImport& import, Collection& collection, const Work& work) {
  require_sound(import);
  const PathPattern pattern(import.pattern, {"answer", "group", "split"});
  const auto root = std::filesystem::absolute(import.root).lexically_normal();
  const auto out = std::filesystem::absolute(import.out).lexically_normal() / "windows";
  const auto files = files_below(root, work);
  std::vector<Example> examples;
  for (std::size_t i = 0; i < files.size(); ++i) {
    work.at("cutting windows", static_cast<std::int64_t>(i), static_cast<std::int64_t>(files.size()));
    const auto found = pattern.match(files[i]);
    if (!found) {
      collection.leave_out("files that do not match the pattern", files[i]);
      continue;
    }
    const auto said = [&](const char* name) {
      return found->contains(name) ? found->at(name) : std::string();
    };
    const std::string name = std::filesystem::path(files[i]).replace_extension().string();
    const Recording recording = read_recording(root / files[i], import);
    for (std::int64_t start = 0; start + import.rows <= recording.rows; start += import.hop) {
      const std::string window = window_name(name, start);
      const auto label =
          recording.labels.empty() ? std::optional(said("answer")) : label_of(recording, start, import);
      if (!label) {
        collection.leave_out("windows without a clear label", window);
        continue;
      }
      const auto file = write_window(out, window, values_of(recording, start, import.rows), import.rows);
      examples.push_back({.id = window,
                          .inputs = {{import.input, {file}}},
                          .label = *label,
                          .group = said("group").empty() ? name : said("group"),
                          .split = said("split").empty() ? "" : split_named(said("split"))});
    }
  }
  add_examples(collection, std::move(examples), import.labelling);
}

}  // namespace lateral::dataset
