#pragma once
// An encoder from its weights file, exactly as the plugin computes it.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "models/recipe/recordings.hpp"
#include "plugins/common/network.hpp"
#include "plugins/common/weights.hpp"

namespace lateral::recipe {

/// Thread safety: const members from any thread.
class Eye {
 public:
  /// Throws sdk::Error for a file that is no encoder.
  Eye(const std::filesystem::path& file, Sensor sensor);

  /// Tokens of one scene, float [1, 24, width].
  at::Tensor look(const scenes::Scene& scene, bool night) const;
  const std::string& token_space() const { return weights_.note("token_space"); }
  std::int64_t width() const;

 private:
  plugins::Weights weights_;
  plugins::Network network_;
  Sensor sensor_;
};

}  // namespace lateral::recipe
