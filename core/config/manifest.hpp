#pragma once
// What a plugin's author writes beside it (NAME.lateral.toml): what the plugin is, takes and gives, readable
// without loading it. It comes from strangers like the plugin itself, so its size, depth and texts are bounded.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace lateral::config {

struct ManifestInput {
  std::string name;
  std::string kind;                 ///< image, points, audio, table, text or raw
  std::vector<std::int64_t> shape;  ///< -1 = any, or decided by options; empty = not stated
  std::vector<std::string> columns;
  std::string units;
  double rate_hz = 0;
  bool optional = false;
  Location where;
};

struct ManifestEncoder {
  std::string name;
  std::string modality;
  std::string token_space;       ///< empty = decided when its weights are read
  std::int64_t token_width = 0;  ///< 0 = likewise
  std::int64_t max_tokens = 0;   ///< likewise
  std::vector<ManifestInput> inputs;
  bool any_inputs = false;  ///< options decide what its inputs are
  Location where;
};

/// One key of [plugin.ID.options].
struct ManifestOption {
  std::string key;  ///< in "input.NAME.kind", NAME stands for any one part
  std::string
      type;  ///< text, path, integer, number, boolean or integers; a sandbox may read what a path names
  std::string description;
  std::optional<double> min, max;    ///< of numbers
  std::vector<std::string> choices;  ///< of texts; empty = any
  /// Of paths: what a sandbox gets unpacked when the file is a zip archive, the files whose names begin so
  /// ("data/aotinductor/"); empty = nothing.
  std::string unpack;
  Location where;
};

struct Manifest {
  std::filesystem::path file;
  std::string id;
  std::string version;
  std::string abi;  ///< "1.0": what it was built against
  std::string sha256;
  std::string licence;
  std::string threads = "none";  ///< none, or own: whether it starts threads of its own
  std::string unload = "unmap";  ///< unmap or resident
  std::string glibc;             ///< the oldest it runs on; empty = not stated
  std::vector<std::string> capabilities;
  std::vector<ManifestEncoder> encoders;
  std::vector<ManifestOption> options;
};

inline constexpr std::uint64_t kMaxManifestBytes = 1U << 16U;

/// `minor` is that of ABI 1 which the program speaks: a manifest for a later one may have keys that are not known here.
/// Throws InvalidArgument with one line a mistake, as config::load.
Manifest parse_manifest(std::string_view text, const std::filesystem::path& file, std::uint32_t minor);

/// Compares a configuration's [plugin.ID.options], ID being `plugin`, with what the manifest declares: unknown keys, wrong
/// types, values out of range. Throws InvalidArgument with one line a mistake, each with its place.
void check_options(const Manifest& manifest, std::string_view plugin, std::span<const Option> options);

}  // namespace lateral::config
