#include "core/runtime/seeing.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/runtime/sensors.hpp"

namespace lateral::runtime {
namespace {

/// One look of one sense.
struct Look {
  std::optional<connector::Sample> sample;
  std::string reason;    // why there is none
  bool refused = false;  // the plugin takes no encodes: it is on its way out, or quarantined
};

Look look(const Sensor& sensor, const AskOptions& options) {
  const auto set_before = options.inputs ? nullptr : sensor.input();
  const SensorData* data = set_before.get();
  if (options.inputs) {
    const auto given = options.inputs->find(sensor.id());
    if (given != options.inputs->end()) data = &given->second;
  }
  if (data == nullptr) return {.sample = {}, .reason = "no input"};
  try {
    return {.sample = sensor.sample(*data, options.cancel), .reason = {}};
  } catch (const Error& error) {
    if (options.cancel.cancelled()) throw;
    // Unloading cancels encodes that take too long.
    const bool refused = error.code() == Errc::FailedPrecondition || error.code() == Errc::Cancelled;
    return {.sample = {}, .reason = error.what(), .refused = refused};
  }
}

/// The connection's sense was exchanged or taken away since the lease.
bool outdated(const connector::ConnectorManager& manager, const connector::Connection& connection) {
  const auto now = manager.lease()->find(connection.id);
  return now == nullptr || now->origin != connection.origin;
}

/// Nothing when what it looked with is outdated.
std::optional<Seen> see_once(const connector::ConnectorManager& manager, const AskOptions& options) {
  Seen seen{.wiring = manager.lease(), .samples = {}, .missing = {}};
  std::map<const connector::Origin*, Look> looks;
  for (const auto& connection : seen.wiring->connections()) {
    const auto [known, is_new] = looks.try_emplace(connection->origin.get());
    if (is_new) known->second = look(static_cast<const Sensor&>(*connection->origin), options);
    const Look& looked = known->second;
    if (looked.refused && outdated(manager, *connection)) return std::nullopt;
    if (looked.sample) {
      seen.samples.emplace(connection->id, *looked.sample);
    } else {
      seen.missing.push_back({connection->id, looked.reason});
    }
  }
  return seen;
}

}  // namespace

Seen see(const connector::ConnectorManager& manager, const AskOptions& options) {
  while (true) {
    if (auto seen = see_once(manager, options)) return std::move(*seen);
  }
}

}  // namespace lateral::runtime
