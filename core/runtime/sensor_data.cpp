#include "core/runtime/sensor_data.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/format/image.hpp"
#include "core/format/npy.hpp"
#include "core/format/point_cloud.hpp"
#include "core/format/resample.hpp"
#include "core/format/table.hpp"
#include "core/format/wav.hpp"

namespace lateral::runtime {
namespace {

using Paths = std::vector<std::filesystem::path>;
constexpr std::uint64_t kMaxRawBytes = 256ULL << 20U;

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

const std::filesystem::path& only(const Paths& files, const plugin::InputSpec& spec) {
  if (files.size() != 1) {
    fail(Errc::InvalidArgument, "input", spec.name, " takes one file, ", files.size(), " were given");
  }
  return files.front();
}

void read_images(const Paths& files, SensorInput& input) {
  int height = 0, width = 0;
  for (const auto& file : files) {
    const format::Image image = format::read_image(file);
    if (input.bytes.empty()) {
      height = image.height;
      width = image.width;
    } else if (image.height != height || image.width != width) {
      fail(Errc::InvalidArgument, "input", file.string(), " is ", image.width, "x", image.height,
           ", the views before it ", width, "x", height, "; all views of ", input.name,
           " must be of one size");
    }
    const auto pixels = std::as_bytes(std::span(image.rgb));
    input.bytes.insert(input.bytes.end(), pixels.begin(), pixels.end());
  }
  input.shape = {static_cast<std::int64_t>(files.size()), height, width, 3};
}

// A sensor that does not measure intensity or motion still has points: what a file lacks beside x, y and z is 0.
void read_points(const std::filesystem::path& file, const plugin::InputSpec& spec,
                 const std::vector<std::string>& bin_columns, SensorInput& input) {
  format::PointCloud cloud = format::read_point_cloud(file, bin_columns);
  if (!spec.columns.empty()) {
    std::vector<std::string> optional;
    std::copy_if(spec.columns.begin(), spec.columns.end(), std::back_inserter(optional),
                 [](const std::string& name) { return name != "x" && name != "y" && name != "z"; });
    cloud = format::select_columns(cloud, spec.columns, optional);
  }
  input.shape = {cloud.rows, static_cast<std::int64_t>(cloud.columns.size())};
  input.columns = cloud.columns;
  input.bytes = bytes_of(cloud.values);
}

// A NumPy file says no rate: it is taken to have the encoder's.
format::Audio audio_of_array(const std::filesystem::path& file, const plugin::InputSpec& spec) {
  const format::NpyArray array = format::read_npy(file);
  if (array.shape.size() != 1 || !(spec.rate_hz > 0)) {
    fail(Errc::InvalidArgument, "input", file.string(),
         array.shape.size() != 1 ? " is no array of one axis, which sound is"
                                 : " does not say its rate, and the encoder takes any; give a WAV file");
  }
  format::Audio audio{static_cast<int>(spec.rate_hz), array.to_floats()};
  if (!std::all_of(audio.samples.begin(), audio.samples.end(),
                   [](float sample) { return std::isfinite(sample); }))
    fail(Errc::Corrupt, "input", file.string(), " holds values that are not finite");
  return audio;
}

void read_audio(const std::filesystem::path& file, const plugin::InputSpec& spec, SensorInput& input) {
  format::Audio audio = file.extension() == ".npy" ? audio_of_array(file, spec) : format::read_wav(file);
  if (spec.rate_hz > 0 && spec.rate_hz != audio.rate) audio = format::resampled(audio, spec.rate_hz);
  input.shape = {static_cast<std::int64_t>(audio.samples.size())};
  input.rate_hz = audio.rate;
  input.bytes = bytes_of(audio.samples);
}

void read_table(const std::filesystem::path& file, const plugin::InputSpec& spec, SensorInput& input) {
  const format::Table table = format::read_table(file, spec.columns);
  input.shape = {table.rows, table.width};
  input.columns = spec.columns;
  input.bytes = bytes_of(table.values);
}

SensorInput read_input(const plugin::InputSpec& spec, const Paths& files,
                       const std::vector<std::string>& bin_columns) {
  SensorInput input{
      .name = spec.name, .kind = spec.kind, .shape = {}, .bytes = {}, .columns = {}, .rate_hz = 0};
  switch (spec.kind) {
    case plugin::InputKind::Image:
      read_images(files, input);
      break;
    case plugin::InputKind::Points:
      read_points(only(files, spec), spec, bin_columns, input);
      break;
    case plugin::InputKind::Audio:
      read_audio(only(files, spec), spec, input);
      break;
    case plugin::InputKind::Table:
      read_table(only(files, spec), spec, input);
      break;
    case plugin::InputKind::Text:
    case plugin::InputKind::Raw:
      input.bytes = read_bytes(only(files, spec), kMaxRawBytes);
      input.shape = {static_cast<std::int64_t>(input.bytes.size())};
      break;
  }
  return input;
}

std::string names_of(const plugin::EncoderSpec& encoder) {
  std::string names;
  for (const auto& input : encoder.inputs) names += (names.empty() ? "" : ", ") + input.name;
  return names;
}

// The declared input that each given name means.
std::map<std::string, const Paths*> assign(const plugin::EncoderSpec& encoder, const InputFiles& files) {
  std::map<std::string, const Paths*> assigned;
  for (const auto& [name, paths] : files) {
    if (name.empty() && encoder.inputs.size() != 1) {
      fail(Errc::InvalidArgument, "input", "encoder ", encoder.name, " has several inputs (",
           names_of(encoder), "); say which: --input ID.NAME=PATH");
    }
    const std::string meant = name.empty() ? encoder.inputs.front().name : name;
    const bool known = std::any_of(encoder.inputs.begin(), encoder.inputs.end(),
                                   [&](const auto& input) { return input.name == meant; });
    if (!known) {
      fail(Errc::InvalidArgument, "input", "encoder ", encoder.name, " has no input '", meant,
           "'; it has: ", names_of(encoder));
    }
    if (!assigned.emplace(meant, &paths).second) {
      fail(Errc::InvalidArgument, "input", "input '", meant, "' of ", encoder.name, " is given twice");
    }
  }
  return assigned;
}

// Taken before the files are read: one that changes meanwhile gets another id the next time. Nothing where a file
// cannot be looked at; what reads it says why.
std::string id_of(const InputFiles& files) {
  Hash64 hash;
  for (const auto& [name, paths] : files) {
    hash.add(name);
    for (const auto& path : paths) {
      std::error_code unknown;
      const auto bytes = static_cast<std::uint64_t>(std::filesystem::file_size(path, unknown));
      if (unknown) return {};
      const auto time = std::filesystem::last_write_time(path, unknown).time_since_epoch().count();
      if (unknown) return {};
      hash.add(std::filesystem::absolute(path).string()).add(bytes).add(static_cast<std::int64_t>(time));
    }
  }
  return "files:" + hash.text();
}

}  // namespace

plugin::Input SensorInput::view() const {
  const bool bytes_only =
      kind == plugin::InputKind::Image || kind == plugin::InputKind::Text || kind == plugin::InputKind::Raw;
  return {.name = name,
          .kind = kind,
          .dtype = bytes_only ? plugin::DType::U8 : plugin::DType::F32,
          .shape = shape,
          .data = bytes.data(),
          .columns = columns,
          .rate_hz = rate_hz,
          .time_ns = 0};
}

std::vector<plugin::Input> SensorData::views() const {
  std::vector<plugin::Input> out;
  out.reserve(inputs.size());
  for (const SensorInput& input : inputs) out.push_back(input.view());
  return out;
}

SensorData read_sensor_files(const plugin::EncoderSpec& encoder, const InputFiles& files,
                             const std::vector<std::string>& bin_columns) {
  const auto assigned = assign(encoder, files);
  SensorData data{.id = id_of(files), .inputs = {}};
  for (const auto& spec : encoder.inputs) {
    const auto found = assigned.find(spec.name);
    if (found != assigned.end() && !found->second->empty()) {
      data.inputs.push_back(read_input(spec, *found->second, bin_columns));
    } else if (!spec.optional) {
      fail(Errc::InvalidArgument, "input", "encoder ", encoder.name, " needs input '", spec.name, "'");
    }
  }
  return data;
}

}  // namespace lateral::runtime
