#pragma once
// A TOML text and the overrides laid over it. Internal to core/config: the only header that names toml++.

#include <toml++/toml.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/config/config.hpp"
#include "core/config/problems.hpp"

namespace lateral::config {

/// Where a key or value stands; the file or, for an override, "--set KEY=VALUE".
Location location_of(const toml::source_region& region);

/// Whether the value comes from an override, so that its paths are relative to the working directory.
bool is_override(const toml::source_region& region);

/// The text as a table with the overrides in place.
/// What cannot be read goes to `problems`; the rest is given.
toml::table read_document(std::string_view text, const std::filesystem::path& file,
                          std::span<const std::string> overrides, Problems& problems);

}  // namespace lateral::config
