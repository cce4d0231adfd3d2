#include "core/model/rotary_config.hpp"

#include <cmath>

#include "core/base/error.hpp"

namespace lateral::model {
namespace {

using format::json::Kind;
using format::json::Value;

std::optional<Value> parameters_of(const ConfigValues& config) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const auto value = config.root().find(key);
    if (!value || (value->is(Kind::Object) && value->size() == 0)) continue;
    if (!value->is(Kind::Object)) value->reject("an object");
    if (value->find("full_attention") || value->find("sliding_attention")) {
      fail(Errc::Unsupported, "model", value->place(), ": rotary positions that differ between blocks");
    }
    return value;
  }
  return std::nullopt;
}

// YaRN (arXiv 2309.00071, section 3.4): softer scores for longer texts, folded into cosines and sines.
double amplitude_of(const ConfigValues& scaling, double factor) {
  const auto mscale = [&](double weight) {
    return factor <= 1.0 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
  };
  const double own = scaling.number("mscale", 0.0);
  const double all = scaling.number("mscale_all_dim", 0.0);
  const double usual = own != 0.0 && all != 0.0 ? mscale(own) / mscale(all) : mscale(1.0);
  return scaling.number("attention_factor", usual);
}

std::vector<double> numbers(const ConfigValues& scaling, const char* key) {
  std::vector<double> numbers;
  const auto list = scaling.root().find(key);
  if (!list || !list->is(Kind::Array)) {
    scaling.faults().add(std::string(key) + " must be a list of numbers");
    return numbers;
  }
  for (std::size_t i = 0; i < list->size(); ++i) numbers.push_back((*list)[i].as_double());
  return numbers;
}

void read_llama3(const ConfigValues& scaling, RotarySpec& rotary) {
  rotary.scaling = RotarySpec::Scaling::Llama3;
  rotary.low_frequency_factor = scaling.number("low_freq_factor", 1.0);
  rotary.high_frequency_factor = scaling.number("high_freq_factor", 4.0);
}

void read_yarn(const ConfigValues& scaling, RotarySpec& rotary) {
  rotary.scaling = RotarySpec::Scaling::Yarn;
  rotary.fast = scaling.number("beta_fast", 32.0);
  rotary.slow = scaling.number("beta_slow", 1.0);
  rotary.truncate = scaling.flag("truncate", true);
  rotary.amplitude = amplitude_of(scaling, rotary.factor);
}

// LongRoPE (arXiv 2402.13753), as Phi-3's files and transformers have it.
void read_long(const ConfigValues& scaling, RotarySpec& rotary) {
  rotary.scaling = RotarySpec::Scaling::Long;
  rotary.short_factors = numbers(scaling, "short_factor");
  rotary.long_factors = numbers(scaling, "long_factor");
  const auto original = static_cast<double>(rotary.original_positions);
  const double usual =
      rotary.factor <= 1.0 ? 1.0 : std::sqrt(1.0 + std::log(rotary.factor) / std::log(original));
  rotary.amplitude = scaling.number("attention_factor", usual);
}

// `config` is the whole file: some keep the original number of positions outside, and there it counts first.
void read_scaling(const ConfigValues& config, const ConfigValues& scaling, const std::string& type,
                  std::int64_t positions, RotarySpec& rotary) {
  if (type == "default" || type == "dynamic") return;
  if (type == "linear") {
    rotary.scaling = RotarySpec::Scaling::Linear;
    rotary.factor = scaling.number("factor", 1.0);
    return;
  }
  rotary.original_positions = config.size("original_max_position_embeddings",
                                          scaling.size("original_max_position_embeddings", positions));
  rotary.factor = scaling.number(
      "factor", static_cast<double>(positions) / static_cast<double>(rotary.original_positions));
  if (type == "llama3") return read_llama3(scaling, rotary);
  if (type == "yarn") return read_yarn(scaling, rotary);
  if (type == "longrope") return read_long(scaling, rotary);
  fail(Errc::Unsupported, "model", scaling.root().place(), ": rope_type \"", type,
       "\"; supported are default, linear, dynamic, llama3, yarn and longrope");
}

void read_part(double part, const ConfigValues& config, const DecoderSpec& spec, const RotaryKeys& keys,
               RotarySpec& rotary) {
  if (keys.part.empty()) {
    if (part == 1.0) return;
    fail(Errc::Unsupported, "model", config.root().place(),
         ": partial_rotary_factor must be 1 for this family");
  }
  if (!(part > 0.0 && part <= 1.0)) {
    config.faults().add("the part of each head that turns must be in (0, 1], not " + std::to_string(part));
    return;
  }
  rotary.width = static_cast<std::int64_t>(static_cast<double>(spec.head_dim) * part);
  if (rotary.width == 0) config.faults().add("no dimension of a head turns");
}

}  // namespace

RotarySpec read_rotary(const ConfigValues& config, const DecoderSpec& spec, const RotaryKeys& keys) {
  RotarySpec rotary;
  rotary.theta = config.number(keys.theta, 10000.0);
  double part = config.number(keys.part.empty() ? "partial_rotary_factor" : keys.part, keys.default_part);
  if (const auto inner = parameters_of(config)) {
    const ConfigValues scaling(*inner, config.faults());
    rotary.theta = scaling.number("rope_theta", rotary.theta);
    part = scaling.number("partial_rotary_factor", part);
    read_scaling(config, scaling, scaling.text("rope_type", scaling.text("type", "default")),
                 spec.max_positions, rotary);
  }
  read_part(part, config, spec, keys, rotary);
  return rotary;
}

namespace {

void write_numbers(const char* key, const std::vector<double>& numbers, format::json::Writer& json) {
  json.key(key).begin_array();
  for (const double number : numbers) json.value(number);
  json.end_array();
}

}  // namespace

void write_rotary(const DecoderSpec& spec, bool partial, format::json::Writer& json) {
  const RotarySpec& rotary = spec.rotary;
  json.key("rope_parameters").begin_object().member("rope_theta", rotary.theta);
  if (partial) {
    // The half keeps the product above the whole number that it is cut to.
    const double width = static_cast<double>(spec.rotary_width());
    const auto head = static_cast<double>(spec.head_dim);
    json.member("partial_rotary_factor", width == head ? 1.0 : (width + 0.5) / head);
  }
  switch (rotary.scaling) {
    case RotarySpec::Scaling::None:
      json.member("rope_type", "default");
      break;
    case RotarySpec::Scaling::Linear:
      json.member("rope_type", "linear").member("factor", rotary.factor);
      break;
    case RotarySpec::Scaling::Llama3:
      json.member("rope_type", "llama3")
          .member("factor", rotary.factor)
          .member("low_freq_factor", rotary.low_frequency_factor)
          .member("high_freq_factor", rotary.high_frequency_factor)
          .member("original_max_position_embeddings", rotary.original_positions);
      break;
    case RotarySpec::Scaling::Yarn:
      json.member("rope_type", "yarn")
          .member("factor", rotary.factor)
          .member("beta_fast", rotary.fast)
          .member("beta_slow", rotary.slow)
          .member("truncate", rotary.truncate)
          .member("attention_factor", rotary.amplitude)
          .member("original_max_position_embeddings", rotary.original_positions);
      break;
    case RotarySpec::Scaling::Long:
      json.member("rope_type", "longrope")
          .member("factor", rotary.factor)
          .member("attention_factor", rotary.amplitude)
          .member("original_max_position_embeddings", rotary.original_positions);
      write_numbers("short_factor", rotary.short_factors, json);
      write_numbers("long_factor", rotary.long_factors, json);
  }
  json.end_object();
}

}  // namespace lateral::model
