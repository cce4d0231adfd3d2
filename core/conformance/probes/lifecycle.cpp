#include "core/conformance/probes/probes.hpp"
namespace lateral::conformance {
std::vector<ProbeInfo> lifecycle_probes() {
  return {};
}
}  // namespace lateral::conformance
