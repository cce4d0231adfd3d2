#include "core/conformance/probes/probes.hpp"
namespace lateral::conformance {
std::vector<ProbeInfo> concurrency_probes() {
  return {};
}
}  // namespace lateral::conformance
