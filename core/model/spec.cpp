#include "core/model/spec.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/model/config_values.hpp"
#include "core/model/families.hpp"

namespace lateral::model {
namespace {

std::string text(std::int64_t value) {
  return std::to_string(value);
}

void find_impossible_sizes(const DecoderSpec& spec, Faults& faults) {
  const auto positive = [&](std::string_view name, std::int64_t value, std::int64_t limit = kMaxSize) {
    if (value < 1 || value > limit) {
      faults.add(std::string(name) + " = " + text(value) + ", which is not in [1, " + text(limit) + "]");
    }
  };
  positive("layers", spec.layers, kMaxLayers);
  positive("hidden size", spec.hidden);
  positive("heads", spec.heads);
  positive("key/value heads", spec.kv_heads);
  positive("head width", spec.head_dim);
  positive("intermediate size", spec.intermediate);
  positive("vocabulary", spec.vocab);
  positive("positions", spec.max_positions);
  positive("embedding width", spec.embedding_width);
}

void find_contradictions(const DecoderSpec& spec, Faults& faults) {
  if (spec.kv_heads > 0 && spec.heads % spec.kv_heads != 0) {
    faults.add(text(spec.heads) + " heads cannot share " + text(spec.kv_heads) + " key/value heads evenly");
  }
  const bool of_one_width = spec.positions == PositionKind::Learned || spec.qkv != QkvLayout::Separate;
  if (of_one_width && spec.heads * spec.head_dim != spec.hidden) {
    faults.add("hidden size " + text(spec.hidden) + " is no multiple of " + text(spec.heads) + " heads");
  }
  if (spec.qkv != QkvLayout::Separate && spec.kv_heads != spec.heads) {
    faults.add("one projection for queries, keys and values needs as many key/value heads as heads");
  }
  if ((spec.parallel_residual || spec.residual_of_norm) && !spec.pre_norm) {
    faults.add("parallel residuals, and residuals of norms, need norms before them");
  }
  if (spec.parallel_residual && spec.residual_of_norm) faults.add("parallel residuals cannot be of norms");
  if (!spec.windows.empty() && static_cast<std::int64_t>(spec.windows.size()) != spec.layers) {
    faults.add(text(static_cast<std::int64_t>(spec.windows.size())) + " windows for " + text(spec.layers) +
               " blocks");
  }
  for (const std::int64_t window : spec.windows) {
    if (window < 0) faults.add("a window of " + text(window) + " columns");
  }
}

bool positive(double value) {
  return value > 0.0 && std::isfinite(value);
}

// longrope
void find_factor_faults(const DecoderSpec& spec, Faults& faults) {
  const auto check = [&](std::string_view name, const std::vector<double>& factors) {
    if (static_cast<std::int64_t>(factors.size()) != spec.rotary_width() / 2) {
      faults.add(std::string(name) + " has " + text(static_cast<std::int64_t>(factors.size())) +
                 " numbers; one for each pair of dimensions that turns would be " +
                 text(spec.rotary_width() / 2));
    }
    if (!std::all_of(factors.begin(), factors.end(), positive))
      faults.add(std::string(name) + " must be positive");
  };
  check("short_factor", spec.rotary.short_factors);
  check("long_factor", spec.rotary.long_factors);
}

void find_rotary_faults(const DecoderSpec& spec, Faults& faults) {
  const RotarySpec& rotary = spec.rotary;
  if (rotary.width < 0 || rotary.width > spec.head_dim) {
    faults.add(text(rotary.width) + " dimensions of a head of " + text(spec.head_dim) + " cannot turn");
  } else if (spec.rotary_width() % 2 != 0) {
    faults.add("rotary positions need an even head width, not " + text(spec.rotary_width()));
  }
  if (!positive(rotary.theta) || !positive(rotary.factor))
    faults.add("rope_theta and factor must be positive");
  if (rotary.scaling == RotarySpec::Scaling::Llama3 &&
      !(positive(rotary.low_frequency_factor) &&
        rotary.high_frequency_factor > rotary.low_frequency_factor)) {
    faults.add("low_freq_factor must be positive and high_freq_factor above it");
  }
  if (!positive(rotary.amplitude)) faults.add("attention_factor must be positive");
  if (rotary.scaling == RotarySpec::Scaling::Long) find_factor_faults(spec, faults);
  if (rotary.scaling != RotarySpec::Scaling::Yarn) return;
  if (!(positive(rotary.slow) && rotary.fast > rotary.slow)) {
    faults.add("beta_slow must be positive and beta_fast above it");
  }
  if (rotary.theta <= 1.0) faults.add("yarn needs a rope_theta above 1");
}

}  // namespace

void check_spec(const DecoderSpec& spec, std::string_view source) {
  family_of(spec.family);
  Faults faults;
  find_impossible_sizes(spec, faults);
  faults.stop_if_any(source);  // products and quotients of these follow
  find_contradictions(spec, faults);
  if (spec.positions == PositionKind::Rotary) find_rotary_faults(spec, faults);
  if (!positive(spec.norm_epsilon)) faults.add("the norm's epsilon must be positive");
  for (const std::int64_t id : spec.eos) {
    if (id < 0 || id >= spec.vocab) faults.add("eos id " + text(id) + " is outside the vocabulary");
  }
  faults.stop_if_any(source);
}

}  // namespace lateral::model
