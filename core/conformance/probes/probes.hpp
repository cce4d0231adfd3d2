#pragma once
// All probes, a group a file. Each function gives its group's, in the order in which they run.

#include <vector>

#include "core/conformance/probe.hpp"

namespace lateral::conformance {

std::vector<ProbeInfo> load_probes();
std::vector<ProbeInfo> negotiation_probes();
std::vector<ProbeInfo> contract_option_probes();
std::vector<ProbeInfo> contract_handle_probes();
std::vector<ProbeInfo> contract_encode_probes();
std::vector<ProbeInfo> contract_error_probes();
std::vector<ProbeInfo> numerics_probes();
std::vector<ProbeInfo> memory_probes();
std::vector<ProbeInfo> environment_probes();
std::vector<ProbeInfo> lifecycle_probes();
std::vector<ProbeInfo> concurrency_probes();
std::vector<ProbeInfo> performance_probes();

}  // namespace lateral::conformance
