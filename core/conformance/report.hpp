#pragma once
// A report for people and for programs.

#include <string>

#include "core/conformance/finding.hpp"
#include "core/conformance/settings.hpp"

namespace lateral::conformance {

/// A line a test; below those that did not pass: what to change, and the command that repeats the test.
std::string text_of(const Report& report, const Settings& settings);

/// One JSON object, indented; the ids and member names are stable.
std::string json_of(const Report& report, const Settings& settings);

}  // namespace lateral::conformance
