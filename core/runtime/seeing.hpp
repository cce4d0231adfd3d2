#pragma once
// What the senses give to one answer.

#include <vector>

#include "core/connector/connector_manager.hpp"
#include "core/runtime/runtime.hpp"

namespace lateral::runtime {

struct Seen {
  wiring::Lease<connector::Wiring>
      wiring;  ///< what the samples were made for; the answer keeps it to its end
  connector::Samples samples;
  std::vector<Missing> missing;
};

/// Leases the wiring and lets each of its senses look once, however many connections it has: all tokens of a plugin come
/// from one revision, the one that belongs to the adapters in the lease. A sense that fails costs its tokens, never
/// the answer. When a plugin is upgraded or unloaded before it was asked, everything begins again with the wiring of
/// that moment. Throws Cancelled.
Seen see(const connector::ConnectorManager& manager, const AskOptions& options);

}  // namespace lateral::runtime
