#pragma once
// ID[.NAME] as options and commands write it: a plugin and one of its inputs.

#include <optional>
#include <string>
#include <string_view>

namespace lateral::host {

struct InputName {
  std::string plugin;
  std::string input;  ///< empty = the plugin's only input
};

/// Splits at the last dot, because plugin ids may have dots and input names may not; nothing when there is no plugin.
/// An id with dots whose only input is meant is therefore written with a dot at its end: "org.example.lidar.".
std::optional<InputName> parse_input_name(std::string_view text);

}  // namespace lateral::host
