#pragma once
// The conformance checker: static tests here, every other in a child process of its own.

#include <filesystem>
#include <functional>
#include <string>

#include "core/conformance/finding.hpp"
#include "core/conformance/settings.hpp"

namespace lateral::conformance {

/// The first argument of a child: then the index of its probe, then Settings::arguments().
inline constexpr const char* kChildFlag = "--child";

/// Checks `settings.file`. `program` is this program, which calls run_probe() when its first argument is kChildFlag.
/// A plugin that computes with libtorch is run with the one that find_libtorch() finds; without one the report names the
/// obstacle. Throws NotFound when there is no such file or `libtorch` holds none, InvalidArgument when `only` names no
/// test, Io when no child can be started.
Report check(const Settings& settings, const std::filesystem::path& program);

/// What a child does: runs one probe of the catalogue against the board it inherited. Returns its exit status.
int run_probe(const Settings& settings, const std::string& index);

}  // namespace lateral::conformance
