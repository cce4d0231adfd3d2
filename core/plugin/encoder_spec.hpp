#pragma once
// What an encoder declares, copied out of the plugin and checked once.

#include <lateral/plugin.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/plugin/sample.hpp"

namespace lateral::plugin {

/// Names of one input's columns, at most.
inline constexpr std::uint32_t kMaxColumns = 4096;

struct InputSpec {
  std::string name;
  InputKind kind = InputKind::Raw;
  DType dtype = DType::U8;
  std::vector<std::int64_t> shape;  ///< -1 = any
  std::vector<std::string> columns;
  std::string units;
  double rate_hz = 0;
  bool optional = false;

  bool operator==(const InputSpec&) const = default;
};

/// One extra number row a token, from a lateral.token-... capability.
struct ExtraSpec {
  std::string name;  ///< "scores", "keys" or "positions"
  std::uint32_t width = 0;
  std::vector<std::string> axes;
  std::string units;

  bool operator==(const ExtraSpec&) const = default;
};

struct EncoderSpec {
  std::string name;
  std::string modality;
  std::string token_space;
  std::uint32_t token_width = 0;
  std::uint32_t max_tokens = 0;
  std::vector<InputSpec> inputs;
  std::vector<ExtraSpec> extras;
  double token_limit = 0;
  bool reentrant = false;
  bool deterministic = false;

  const ExtraSpec* extra(std::string_view name) const noexcept;
  bool operator==(const EncoderSpec&) const = default;
};

/// Throws PluginFault naming the field that cannot be.
void require_sound(const EncoderSpec& spec);

/// The same for all encoders of a plugin: there is at least one, and not too many.
void require_sound(const std::vector<EncoderSpec>& specs);

/// Asks the plugin for everything about encoder `index`. Runs plugin code: [plugin-thread].
/// Throws PluginFault naming the field that cannot be, or what the plugin reported.
EncoderSpec read_encoder_spec(const lat_plugin& table, std::uint32_t index);

/// How many encoders there are. [plugin-thread]
std::uint32_t read_encoder_count(const lat_plugin& table);

}  // namespace lateral::plugin
