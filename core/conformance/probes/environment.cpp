#include "core/conformance/probes/probes.hpp"
namespace lateral::conformance {
std::vector<ProbeInfo> environment_probes() {
  return {};
}
}  // namespace lateral::conformance
