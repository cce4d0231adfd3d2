#pragma once
// The command line of lateral-check, the program behind `lateral plugin check`.

#include <span>
#include <string>

#include "core/conformance/settings.hpp"

namespace lateral::check {

struct Arguments {
  conformance::Settings settings;
  bool json = false;
  bool help = false;
};

/// FILE [--json] [--seed N] [--timeout T] [--only GROUP|ID] [--option KEY=VALUE] [--libtorch DIR]. Throws InvalidArgument.
Arguments parse_arguments(std::span<const std::string> args);

std::string usage();

}  // namespace lateral::check
