#include "core/format/sample_files.hpp"

#include <unistd.h>

#include <cmath>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/sha256.hpp"
#include "core/format/csv.hpp"
#include "core/format/image.hpp"
#include "core/format/json.hpp"
#include "core/format/npy.hpp"
#include "core/format/point_cloud.hpp"
#include "core/format/sample_set_parts.hpp"
#include "core/format/wav.hpp"

namespace lateral::format {
namespace {

std::string ending_of(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending;
}

void require_finite(const NpyArray& array, const std::filesystem::path& path) {
  const std::vector<float> values = array.to_floats();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      fail(Errc::Corrupt, "npy", path.string(), ": element ", i, " is not finite as float32");
  }
}

void decode(const std::filesystem::path& path) {
  const std::string ending = ending_of(path);
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".png") {
    read_image(path);
  } else if (ending == ".pcd" || ending == ".ply") {
    read_point_cloud(path);
  } else if (ending == ".wav") {
    read_wav(path);
  } else if (ending == ".npy") {
    require_finite(read_npy(path), path);
  } else if (ending == ".csv") {
    read_csv(path).require_finite();
  } else if (ending == ".bin") {
    const auto size = std::filesystem::file_size(path);
    if (size % 16 != 0 && size % 20 != 0) {
      fail(Errc::Corrupt, "point_cloud", path.string(), " has ", size,
           " bytes, no whole number of rows of 4 or 5 float32");
    }
  }
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

std::string_view detail::kind_of_file(const std::filesystem::path& path) {
  const std::string ending = ending_of(path);
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".png") return "a picture";
  if (ending == ".wav") return "sound";
  // NumPy's arrays may stand for any list of numbers, so they are told from pictures and sound alone.
  if (ending == ".npy" || ending == ".csv" || ending == ".bin" || ending == ".pcd" || ending == ".ply")
    return "numbers";
  return "text or raw bytes";
}

std::optional<std::string> detail::problem_of_file(const std::filesystem::path& path, FileCheck depth) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return path.string() + " is not there";
  if (!std::filesystem::is_regular_file(status)) return path.string() + " is not a regular file";
  if (::access(path.c_str(), R_OK) != 0) return path.string() + " may not be read";
  if (depth == FileCheck::Exists) return std::nullopt;
  try {
    decode(path);
  } catch (const Error& reason) {
    return std::string(reason.what());
  }
  return std::nullopt;
}

void detail::FileChecks::check(const Sample& sample, const std::string& input,
                               const std::filesystem::path& path) {
  ++report_.files;
  if (!is_below(path, report_.file.parent_path())) ++report_.outside;
  auto problem = problem_of_file(path, depth_);
  if (!problem && depth_ == FileCheck::Decodes) problem = leak_of(sample, path);
  if (problem) report_.problems.push_back({sample.line, "input " + json::quote(input) + ": " + *problem});
}

std::optional<std::string> detail::FileChecks::leak_of(const Sample& sample,
                                                       const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto [at, fresh] = by_content_.try_emplace(
      sha256(file.bytes()), Owner{path.string(), sample.id, sample.split, sample.line});
  const Owner& first = at->second;
  if (fresh || first.split == sample.split || first.id == sample.id) return std::nullopt;
  return path.string() + " leaks: split " + sample.split + " has the very bytes of " + first.file +
         " in split " + first.split + " (line " + std::to_string(first.line) + ")";
}

}  // namespace lateral::format
