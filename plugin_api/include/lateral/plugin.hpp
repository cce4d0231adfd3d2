#pragma once
// The C++17 side of lateral/plugin.h, header only: write a class, name it in LATERAL_PLUGIN, and have a plugin.
//
//   #include <lateral/plugin.hpp>
//   namespace sdk = lateral::sdk;
//
//   class Thermometer : public sdk::Encoder {
//    public:
//     explicit Thermometer(sdk::Options& options) : scale_(options.get("scale", 1.0)) {}
//
//     sdk::Info info() const override {
//       sdk::Info info{"thermometer", "temperature", "thermometer-1"};   // name, modality, token space
//       info.token_width = 8;
//       info.max_tokens = 16;
//       info.inputs = {sdk::Input::table("readings", {"celsius"})};
//       return info;
//     }
//
//     void encode(const sdk::Inputs& in, sdk::Outputs& out) override {
//       const auto readings = in.f32("readings");                       // [rows, 1]
//       ...fill out.tokens() [planned, 8]...
//       out.set_tokens(n);                                              // default: all that were planned
//     }
//   };
//
//   LATERAL_PLUGIN(Thermometer, "thermometer", "1.0.0");
//
// The class is made with (const Host&, Options&), (Options&), (const Host&) or nothing, whichever it accepts.
// Whatever it throws becomes a status and a text; no exception crosses the border. Options it did not read
// are refused by name.

#include <lateral/plugin.h>
#include <lateral/sdk/encoder.hpp>
#include <lateral/sdk/error.hpp>
#include <lateral/sdk/glue.hpp>
#include <lateral/sdk/host.hpp>
#include <lateral/sdk/options.hpp>
#include <lateral/sdk/tensor.hpp>

/// Defines the entry and the ELF note. Once in a plugin, at namespace scope. `type` is an Encoder, or
/// sdk::Encoders<A, B, ...> (give that a name first: macros split at commas).
#define LATERAL_PLUGIN(type, plugin_id, plugin_version) \
  LATERAL_PLUGIN_FLAGS(type, plugin_id, plugin_version, 0u)

/// The same with LAT_PLUGIN_... flags.
#define LATERAL_PLUGIN_FLAGS(type, plugin_id, plugin_version, plugin_flags)                              \
  LAT_NOTE(plugin_id, plugin_version, 0u, plugin_flags);                                                 \
  namespace {                                                                                            \
  ::lateral::sdk::detail::State lateral_state;                                                           \
  const lat_plugin lateral_table =                                                                       \
      ::lateral::sdk::detail::Table<lateral_state, type>::make(plugin_id, plugin_version, plugin_flags); \
  }                                                                                                      \
  extern "C" LAT_EXPORT const lat_plugin* lateral_plugin_entry_v1(const lat_host* host) {                \
    lateral_state.host = host;                                                                           \
    return &lateral_table;                                                                               \
  }                                                                                                      \
  static_assert(sizeof(plugin_id) <= sizeof(lat_note_desc::id), "a plugin id has at most 31 bytes");     \
  static_assert(sizeof(plugin_version) <= sizeof(lat_note_desc::version), "a version has at most 15 bytes")
