#include "core/connector/connection.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::connector {

int Connection::first_block() const {
  const int first = source->blocks().first();
  return lora == nullptr ? first : std::min(first, lora->blocks().first());
}

std::shared_ptr<const Connection> connection_of(std::string id, const Adapter& adapter) {
  const auto& info = adapter.info();
  return connection_of({std::move(id), info.plugin, info.encoder, info.method, info.blocks}, adapter);
}

std::shared_ptr<const Connection> connection_of(const wiring::ConnectionPlan& plan, const Adapter& adapter) {
  wiring::check_id(plan.id, "connection");
  const auto& info = adapter.info();
  if (plan.method != info.method || plan.blocks != info.blocks) {
    fail(Errc::AbiMismatch, "connection", '"', plan.id, "\" is planned as ", name_of(plan.method),
         " to blocks ", plan.blocks.text(), " of ", plan.blocks.layers(), "; its adapter was trained as ",
         name_of(info.method), " to blocks ", info.blocks.text(), " of ", info.blocks.layers());
  }
  auto connection = std::make_shared<Connection>();
  connection->id = plan.id;
  connection->plugin = plan.plugin;
  connection->encoder = plan.encoder;
  connection->identity = adapter.identity();
  connection->source = adapter.shared_source();
  connection->lora = adapter.lora();
  return connection;
}

std::shared_ptr<const Connection> with_origin(const Connection& connection,
                                              std::shared_ptr<const Origin> origin) {
  auto copy = std::make_shared<Connection>(connection);
  copy->origin = std::move(origin);
  return copy;
}

}  // namespace lateral::connector
