#pragma once
// What a check is about; the same in the checker and in its children.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/plugin/options.hpp"

namespace lateral::conformance {

struct Settings {
  std::filesystem::path file;
  std::uint64_t seed = 1;                     ///< of the synthesised inputs
  std::chrono::milliseconds timeout{10'000};  ///< for one child; longer by a factor for the long tests
  std::vector<std::string> only;              ///< groups or test ids; empty = all
  std::vector<std::pair<std::string, std::string>> options;  ///< as given: KEY, VALUE
  std::filesystem::path libtorch;  ///< the folder of its libraries; empty = where find_libtorch() looks

  bool wants(std::string_view id) const;
  /// The options with their types: an integer, a number, true or false, a list of integers in brackets ("[-1, 96]"),
  /// else a text. What is in quotes is a text ("\"7\"").
  plugin::OptionMap typed_options() const;
  /// The command that repeats one test.
  std::string command_for(std::string_view id) const;
  /// `file` and these settings as arguments of lateral-check.
  std::vector<std::string> arguments() const;
};

}  // namespace lateral::conformance
