#include "core/conformance/probes/probes.hpp"
namespace lateral::conformance {
std::vector<ProbeInfo> performance_probes() {
  return {};
}
}  // namespace lateral::conformance
