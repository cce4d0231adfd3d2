#include "plugins/torch_module/input_declaration.hpp"

#include <algorithm>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr std::int64_t kMaxRate = 1'000'000;
constexpr std::int64_t kExamplePicture = 224, kExampleRows = 256, kExampleBytes = 16'000;
constexpr double kMaxExample = 1 << 28U;
constexpr std::size_t kMaxInputs = 16;

template <typename... Parts>
[[noreturn]] void reject(const Parts&... parts) {
  sdk::fail(LAT_INVALID_ARGUMENT, parts...);
}

/// "columns" names them; otherwise "shape" says how many there are.
sdk::Input rows_input(OptionReader& in, const std::string& name, const std::string& prefix, bool points) {
  const auto columns = in.names(prefix + "columns");
  auto shape = in.sizes(prefix + "shape", true);
  auto input = sdk::Input::points(name, columns, "");
  if (!points) input = sdk::Input::table(name, columns);
  if (shape.empty() && !columns.empty()) return input;
  if (shape.size() != 2 || (!columns.empty() && shape[1] != static_cast<std::int64_t>(columns.size()))) {
    reject("option ", prefix, "shape: rows and columns are needed, as in [-1, ",
           std::max<std::size_t>(columns.size(), 1), "], or ", prefix, "columns = \"x, y, z\"");
  }
  input.shape = std::move(shape);
  return input;
}

sdk::Input image_input(OptionReader& in, const std::string& name, const std::string& prefix) {
  auto input = sdk::Input::image(name);
  auto shape = in.sizes(prefix + "shape", true);
  if (shape.empty()) return input;
  if (shape.size() != 4 || shape[3] != 3) {
    reject("option ", prefix, "shape: ", text_of(shape), " is not [views, height, width, 3] (-1 = any)");
  }
  input.shape = std::move(shape);
  return input;
}

sdk::Input audio_input(OptionReader& in, const std::string& name, const std::string& prefix) {
  const auto rate = in.integer(prefix + "rate_hz", 0, 1, kMaxRate);
  if (rate == 0)
    reject("the option ", prefix, "rate_hz is needed: what the module was trained with, as in 16000");
  return sdk::Input::audio(name, static_cast<double>(rate));
}

sdk::Input input_of_kind(OptionReader& in, const std::string& name, const std::string& prefix) {
  if (!in.has(prefix + "kind")) {
    reject("the option ", prefix, "kind is needed: image, points, audio, table, text or raw");
  }
  const auto kind = in.choice(prefix + "kind", {"image", "points", "audio", "table", "text", "raw"});
  if (kind == "image") return image_input(in, name, prefix);
  if (kind == "audio") return audio_input(in, name, prefix);
  if (kind == "text") return sdk::Input::text(name);
  if (kind == "raw") return sdk::Input::raw(name);
  return rows_input(in, name, prefix, kind == "points");
}

Picture read_picture(OptionReader& in, const std::string& prefix) {
  Picture picture;
  picture.bytes = in.choice(prefix + "dtype", {"float32", "uint8"}) == "uint8";
  picture.bgr = in.choice(prefix + "order", {"rgb", "bgr"}) == "bgr";
  picture.channels_last = in.choice(prefix + "layout", {"nchw", "nhwc"}) == "nhwc";
  picture.resize = in.sizes(prefix + "resize", false);
  picture.antialias = in.flag(prefix + "antialias", true);
  picture.divide_by = in.number(prefix + "divide_by", 1);
  picture.mean = in.numbers(prefix + "mean");
  picture.std = in.numbers(prefix + "std");
  if (!picture.resize.empty() && picture.resize.size() != 2)
    reject("option ", prefix, "resize must be [height, width]");
  for (const auto* const list : {&picture.mean, &picture.std}) {
    if (!list->empty() && list->size() != 3)
      reject("options ", prefix, "mean and std have three numbers each");
  }
  if (picture.divide_by == 0 || std::count(picture.std.begin(), picture.std.end(), 0.0) != 0) {
    reject("options ", prefix, "divide_by and std must not be 0");
  }
  const bool computes =
      !picture.resize.empty() || picture.divide_by != 1 || !picture.mean.empty() || !picture.std.empty();
  if (picture.bytes && computes) {
    reject("option ", prefix, "dtype: \"uint8\" goes without resize, divide_by, mean and std");
  }
  return picture;
}

/// What the trial at init is made of, where a size may be any.
std::int64_t usual_size(const sdk::Input& input, std::size_t axis) {
  if (input.kind == LAT_INPUT_IMAGE) return axis == 0 ? 1 : kExamplePicture;
  if (input.kind == LAT_INPUT_AUDIO) return static_cast<std::int64_t>(input.rate_hz);
  return input.shape.size() == 1 ? kExampleBytes : kExampleRows;
}

Shape read_example(OptionReader& in, const std::string& prefix, const sdk::Input& input) {
  auto example = in.sizes(prefix + "example", false);
  const bool given = !example.empty();
  if (!given) example = input.shape;
  for (std::size_t axis = 0; !given && axis < example.size(); ++axis) {
    if (example[axis] < 0) example[axis] = usual_size(input, axis);
  }
  const auto admits = [](std::int64_t declared, std::int64_t size) {
    return declared < 0 || declared == size;
  };
  if (!std::equal(input.shape.begin(), input.shape.end(), example.begin(), example.end(), admits)) {
    reject("option ", prefix, "example: ", text_of(example), " does not fit the input's shape ",
           text_of(input.shape));
  }
  double numbers = 1;
  for (const auto size : example) numbers *= static_cast<double>(size);
  if (numbers > kMaxExample)
    reject("option ", prefix, "example: ", text_of(example), " is larger than any trial");
  return example;
}

InputDeclaration read_input(OptionReader& in, OptionReader& trial, const std::string& name) {
  const std::string prefix = "input." + name + ".";
  InputDeclaration input;
  input.input = input_of_kind(in, name, prefix);
  input.input.units = in.text(prefix + "units", "");
  if (input.input.kind == LAT_INPUT_IMAGE) input.picture = read_picture(in, prefix);
  input.argument = in.sizes(prefix + "argument", true);
  if (std::count(input.argument.begin(), input.argument.end(), -1) > 1) {
    reject("option ", prefix, "argument: ", text_of(input.argument),
           " may leave one size open with -1, not more");
  }
  input.example = read_example(trial, prefix, input.input);
  return input;
}

}  // namespace

std::vector<InputDeclaration> read_inputs(OptionReader& in, OptionReader& trial) {
  const auto names = in.names("inputs");
  if (names.empty() || names.size() > kMaxInputs) {
    reject("the option inputs must name 1 to 16 inputs, in the order of the module's arguments");
  }
  std::vector<InputDeclaration> inputs;
  for (const auto& name : names) inputs.push_back(read_input(in, trial, name));
  return inputs;
}

}  // namespace lateral::plugins
