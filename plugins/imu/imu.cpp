// Motion into tokens with LIMU-BERT: one token for the whole recording, then one for each short part of it. A token is the
// mean of the encoder's states over that time and how much they vary in it, and the same of the readings themselves.

#include <lateral/plugin.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <sstream>

#include "plugins/imu/limu_bert.hpp"
#include "plugins/imu/motion.hpp"
#include "plugins/torch/bridge.hpp"
#include "plugins/torch/guard.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;

constexpr float kGravity = 9.8F;  // as LIMU-BERT's own preparation has it
constexpr const char* kInput = "motion";

/// One of a few words, each with what it stands for.
template <typename T>
T chosen(sdk::Options& options, const char* key, const char* usual,
         const std::vector<std::pair<std::string, T>>& known) {
  const std::string word = options.get(key, usual);
  std::string words;
  for (const auto& [name, value] : known) {
    if (name == word) return value;
    words += (words.empty() ? "" : ", ") + name;
  }
  sdk::fail(LAT_INVALID_ARGUMENT, "option \"", key, "\" is \"", word, "\"; possible are ", words);
}

template <typename T>
T above(sdk::Options& options, const char* key, T usual, T least, T most) {
  const T value = options.get(key, usual);
  if (!(value >= least && value <= most))
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"", key, "\" is ", value, "; possible are ", least, " to ",
              most);
  return value;
}

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

/// What the operator says of the table.
struct Recording {
  explicit Recording(sdk::Options& options)
      : columns(words_of(options.get("columns", "x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro"))),
        time(options.get("time", "")),
        time_unit(
            chosen<double>(options, "time_unit", "ms", {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}})),
        rate(above(options, "rate", 0.0, 0.0, 1e5)),
        accelerometer(
            chosen<float>(options, "accelerometer_unit", "m/s2", {{"m/s2", 1 / kGravity}, {"g", 1.0F}})),
        gyroscope(chosen<float>(options, "gyroscope_unit", "rad/s",
                                {{"rad/s", 1.0F}, {"deg/s", std::numbers::pi_v<float> / 180}})) {
    if (rate > 0 && !time.empty()) sdk::fail(LAT_INVALID_ARGUMENT, "give \"time\" or \"rate\", not both");
  }

  std::vector<std::string> columns;
  std::string time;  ///< the column of times, or nothing
  double time_unit;  ///< seconds
  double rate;       ///< of rows without times, a second; 0 = the model's own
  float accelerometer, gyroscope;
};

class Imu final : public plugins::TorchEncoder {
 public:
  Imu(const sdk::Host& host, sdk::Options& options)
      : recording_(options),
        model_rate_(above(options, "model_rate", 20.0, 0.1, 1e4)),
        windows_(above<std::int64_t>(options, "windows", 4, 1, 64)),
        segment_(above<std::int64_t>(options, "segment", 20, 1, 65536)),
        with_readings_(options.get("readings", true)) {
    const auto heads = above<std::int64_t>(options, "heads", 4, 1, 1024);
    const auto layers = above<std::int64_t>(options, "layers", 4, 1, 1024);
    const std::string file = options.get("weights", "limu_bert.safetensors");
    plugins::computing([&] {
      plugins::Weights weights(std::filesystem::path(host.folder()) / file);
      model_.emplace(weights, heads, layers);
      auto hash = weights.taken();
      hash.add(heads).add(layers).add(segment_).add(model_rate_).add(std::int64_t{with_readings_});
      // Adapters from before the magnetometer was normalised are for other tokens.
      if (model_->channels() == plugins::kMagnetometerChannels) hash.add("field as a direction");
      token_space_ = "imu/" + hash.text();
    });
    if (static_cast<std::int64_t>(recording_.columns.size()) != model_->channels()) {
      sdk::fail(LAT_INVALID_ARGUMENT, "option \"columns\" names ", recording_.columns.size(),
                " columns, the weights take ", model_->channels());
    }
  }

  sdk::Info info() const override {
    sdk::Info info{"imu", "imu", token_space_};
    info.token_width =
        static_cast<std::uint32_t>(2 * (model_->width() + (with_readings_ ? model_->channels() : 0)));
    info.max_tokens = static_cast<std::uint32_t>(tokens_of(most_rows()));
    auto columns = recording_.columns;
    if (!recording_.time.empty()) columns.push_back(recording_.time + ":elapsed");
    info.inputs = {sdk::Input::table(kInput, std::move(columns))};
    return info;
  }

  /// Times decide how many readings there are, and are not known yet.
  sdk::Plan plan(const sdk::Inputs& in) override {
    const std::int64_t rows = in.f32(kInput).dim(0);
    if (rows == 0) sdk::fail(LAT_INVALID_ARGUMENT, "the table has no rows");
    if (resampled()) return {};
    if (rows > most_rows()) {
      sdk::fail(LAT_INVALID_ARGUMENT, "the table has ", rows, " rows, at most ", most_rows(),
                " are encoded; cut it, or raise the option \"windows\"");
    }
    return {static_cast<std::uint32_t>(tokens_of(rows)), 0};
  }

 private:
  bool resampled() const { return recording_.rate > 0 || !recording_.time.empty(); }
  std::int64_t most_rows() const { return windows_ * model_->longest(); }

  /// n readings are cut into as few windows of nearly one length as the model's longest allows, a window into segments.
  template <typename Take>
  static void cut(std::int64_t n, std::int64_t longest, Take&& take) {
    const std::int64_t parts = (n + longest - 1) / longest;
    for (std::int64_t i = 0; i < parts; ++i) take(n * i / parts, n * (i + 1) / parts - n * i / parts);
  }
  std::int64_t tokens_of(std::int64_t rows) const {
    std::int64_t tokens = 1;
    cut(rows, model_->longest(),
        [&](std::int64_t, std::int64_t n) { tokens += (n + segment_ - 1) / segment_; });
    return tokens;
  }

  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    const plugins::Motion motion = prepared(in.f32(kInput));
    const at::Tensor readings =
        at::from_blob(const_cast<float*>(motion.values.data()), {motion.rows(), motion.channels});
    std::vector<at::Tensor> states, tokens(1);
    cut(motion.rows(), model_->longest(), [&](std::int64_t first, std::int64_t n) {
      out.check();
      const at::Tensor window = readings.narrow(0, first, n);
      states.push_back((*model_)(window));
      cut(n, segment_, [&](std::int64_t at, std::int64_t m) {
        tokens.push_back(token(states.back().narrow(0, at, m), window.narrow(0, at, m)));
      });
    });
    tokens[0] = token(at::cat(states), readings);
    plugins::write_rows(at::stack(tokens), out.tokens());
    out.set_tokens(static_cast<std::uint32_t>(tokens.size()));
  }

  at::Tensor token(const at::Tensor& states, const at::Tensor& readings) const {
    const auto moments = [](const at::Tensor& x) {
      return at::cat({x.mean(0), at::std(x, at::IntArrayRef{0}, /*unbiased=*/false)});
    };
    return with_readings_ ? at::cat({moments(states), moments(readings)}) : moments(states);
  }

  plugins::Motion prepared(const sdk::View<const float>& table) const {
    const std::int64_t width = table.dim(1), channels = model_->channels();
    plugins::Motion motion{channels, {}};
    std::vector<double> seconds;
    for (std::int64_t row = 0; row < table.dim(0); ++row) {
      const float* const values = table.row(row);
      motion.values.insert(motion.values.end(), values, values + channels);
      if (width > channels) seconds.push_back(static_cast<double>(values[channels]) * recording_.time_unit);
      if (recording_.rate > 0) seconds.push_back(static_cast<double>(row) / recording_.rate);
    }
    plugins::scale(motion, recording_.accelerometer, recording_.gyroscope);
    if (resampled()) motion = plugins::at_rate(motion, seconds, model_rate_, most_rows());
    plugins::normalise_magnetometer(motion);  // of the mean of several readings, as upstream
    return motion;
  }

  Recording recording_;
  double model_rate_;
  std::int64_t windows_, segment_;
  bool with_readings_;
  std::optional<plugins::LimuBert> model_;
  std::string token_space_;
};

}  // namespace

LATERAL_PLUGIN(Imu, "imu", "0.1.0");
