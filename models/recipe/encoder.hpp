#pragma once
// Training the bundled encoders, and writing them as the plugins read them.

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/training/trainer.hpp"
#include "models/recipe/recordings.hpp"

namespace lateral::recipe {

struct EncoderPlan {
  Sensor sensor{};
  std::string name;     ///< of the plugin and of the file
  std::string program;  ///< see plugins/common/network.hpp
  std::int64_t scenes = 5000, held_out = 500;
  std::int64_t steps = 1500, batch = 32;
  double rate = 2e-3;
  std::uint64_t seed = 0;
};

/// On held-out scenes.
struct EncoderReport {
  double kind = 0;    ///< share of objects whose kind is right
  double object = 0;  ///< share of objects whose kind and status are right
  double empty = 0;   ///< share of empty bins that are called empty
  double unseen = 0;  ///< camera: share of bins called unseen at night
};

/// Encoder, and the heads it learns from. Only the first head leaves with it.
class TrainableEncoder {
 public:
  TrainableEncoder(const EncoderPlan& plan, std::uint64_t seed);

  at::Tensor tokens(const at::Tensor& pictures) const { return network_(pictures); }
  at::Tensor kinds(const at::Tensor& tokens) const { return kinds_(tokens); }
  at::Tensor statuses(const at::Tensor& tokens) const { return statuses_(tokens); }
  /// How wrong the heads are about tokens [batch, 24, width].
  at::Tensor loss(const at::Tensor& tokens, const at::Tensor& kind, const at::Tensor& status) const;

  const training::NamedTensors& parameters() const { return parameters_; }
  /// Half precision, with the program and a token space made of the weights' own bits. Throws Io.
  void save(const std::filesystem::path& path) const;

 private:
  EncoderPlan plan_;
  NetworkModule network_;
  training::NamedTensors heads_;
  std::function<at::Tensor(const at::Tensor&)> kinds_, statuses_, places_;
  training::NamedTensors parameters_;
};

/// Trains or resumes, writes the encoder to `path`, and says how good it is. Throws as training::train().
EncoderReport make_encoder(const EncoderPlan& plan, const std::filesystem::path& path,
                           const training::RunOptions& options);

}  // namespace lateral::recipe
