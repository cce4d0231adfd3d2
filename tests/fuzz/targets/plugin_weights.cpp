// The reader of the bundled encoders, which knows nothing of core and has errors of its own.

#include <cmath>

#include <lateral/sdk/error.hpp>

#include "plugins/common/weights.hpp"
#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) try {
  const auto weights = plugins::Weights::parse(text_of(input), "a.safetensors");
  for (const float value : weights.get("w", {-1, -1}).values)
    require(std::isfinite(value), "weights are finite");
  static_cast<void>(weights.note("token_space"));
} catch (const sdk::Error& error) {
  require_readable(error.what());
}
