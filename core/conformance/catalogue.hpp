#pragma once
// Every test there is, in the order of reports. Ids are stable: scripts and the corpus name them.

#include <string_view>
#include <vector>

#include "core/conformance/probe.hpp"

namespace lateral::conformance {

/// Tests that read the file and run nothing of it.
const std::vector<TestInfo>& static_tests();

/// Tests that run the plugin, a child process for each entry. The first is `load`.
const std::vector<ProbeInfo>& probes();

/// Null for an id that does not exist.
const TestInfo* find_test(std::string_view id);

/// True for a test's id, its group, or a prefix of it that ends at a dot.
bool names_tests(std::string_view group_or_id);

/// "load" of "load.init".
std::string_view group_of(std::string_view id);

}  // namespace lateral::conformance
