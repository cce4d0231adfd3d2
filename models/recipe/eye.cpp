#include "models/recipe/eye.hpp"

#include <ATen/ATen.h>

namespace lateral::recipe {

Eye::Eye(const std::filesystem::path& file, Sensor sensor)
    : weights_(plugins::Weights::load(file.string())),
      network_(weights_.note("network"), weights_),
      sensor_(sensor) {}

at::Tensor Eye::look(const scenes::Scene& scene, bool night) const {
  plugins::Signal tokens = network_.run(signal_of(sensor_, scene, night));
  return at::from_blob(tokens.values.data(), {1, tokens.values.rows(), tokens.values.cols()}, at::kFloat)
      .clone();
}

std::int64_t Eye::width() const {
  return weights_.get("head.weight", {-1, -1}).shape[1];
}

}  // namespace lateral::recipe
