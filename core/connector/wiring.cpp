#include "core/connector/wiring.hpp"

#include <algorithm>
#include <string>

#include "core/base/error.hpp"

namespace lateral::connector {
namespace {

using Connections = std::vector<std::shared_ptr<const Connection>>;

auto place_of(const Connections& connections, std::string_view id) {
  return std::find_if(connections.begin(), connections.end(),
                      [&](const auto& each) { return each->id == id; });
}

std::string ids_of(const Connections& connections) {
  std::string ids;
  for (const auto& each : connections) ids += (ids.empty() ? "" : ", ") + each->id;
  return ids.empty() ? "nothing" : ids;
}

void check(const Connection* connection) {
  if (connection == nullptr || connection->source == nullptr) {
    fail(Errc::InvalidArgument, "wiring", "a connection needs a source");
  }
}

}  // namespace

std::shared_ptr<const Connection> Wiring::find(std::string_view id) const {
  const auto found = place_of(connections_, id);
  return found == connections_.end() ? nullptr : *found;
}

int Wiring::first_block(int layers) const {
  int first = layers;
  for (const auto& each : connections_) first = std::min(first, each->first_block());
  return first;
}

Wiring Wiring::with(std::shared_ptr<const Connection> connection) const {
  check(connection.get());
  if (find(connection->id) != nullptr) {
    fail(Errc::FailedPrecondition, "wiring", '"', connection->id, "\" is attached already; detach it first");
  }
  Wiring next = *this;
  const auto place = std::find_if(next.connections_.begin(), next.connections_.end(),
                                  [&](const auto& each) { return connection->id < each->id; });
  next.connections_.insert(place, std::move(connection));
  return next;
}

Wiring Wiring::without(std::string_view id) const {
  Wiring next = *this;
  const auto found = place_of(next.connections_, id);
  if (found == next.connections_.end()) {
    fail(Errc::NotFound, "wiring", '"', id, "\" is not attached; attached: ", ids_of(connections_));
  }
  next.connections_.erase(found);
  return next;
}

Wiring Wiring::with_replaced(std::shared_ptr<const Connection> connection) const {
  check(connection.get());
  Wiring next = *this;
  const auto found = std::find_if(next.connections_.begin(), next.connections_.end(),
                                  [&](const auto& each) { return each->id == connection->id; });
  if (found == next.connections_.end()) return with(std::move(connection));
  *found = std::move(connection);
  return next;
}

}  // namespace lateral::connector
