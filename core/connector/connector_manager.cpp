#include "core/connector/connector_manager.hpp"

#include "core/base/error.hpp"

namespace lateral::connector {
namespace {

/// One number that is none makes every score of the answer none.
void require_usable(const SourceState& state, at::ScalarType type) {
  // Blocks square what they made of values: beyond this, what is still a float32 ends as infinity.
  constexpr double kMost = 1e12;
  constexpr double kMostHalf = 65504;
  const double most = type == at::kHalf ? kMostHalf : kMost;
  const double largest = state.largest();
  if (largest <= most) return;  // NaN is not
  fail(Errc::PluginFault, "connector", "its tokens make keys or values of magnitude ", largest, "; at most ",
       most, " can be computed with, so the encoder must give smaller tokens");
}

}  // namespace

ConnectorManager::ConnectorManager(int layers, std::size_t kept_states)
    : layers_(layers), wiring_(std::make_shared<const Wiring>()), states_(kept_states) {}

void ConnectorManager::attach(std::shared_ptr<const Connection> connection) {
  check_blocks(connection.get());
  wiring_.update([&](const Wiring& now) { return std::make_shared<const Wiring>(now.with(connection)); });
}

std::shared_ptr<const Connection> ConnectorManager::replace(std::shared_ptr<const Connection> connection) {
  check_blocks(connection.get());
  std::shared_ptr<const Connection> former;
  wiring_.update([&](const Wiring& now) {
    former = now.find(connection->id);
    return std::make_shared<const Wiring>(now.with_replaced(connection));
  });
  states_.forget(connection->id);
  return former;
}

std::shared_ptr<const Connection> ConnectorManager::detach(const std::string& id) {
  std::shared_ptr<const Connection> former;
  wiring_.update([&](const Wiring& now) {
    former = now.find(id);
    return std::make_shared<const Wiring>(now.without(id));
  });
  states_.forget(id);
  return former;
}

void ConnectorManager::exchange(const std::function<Wiring(const Wiring&)>& next) {
  Wiring before;
  const auto after = wiring_.update([&](const Wiring& now) {
    before = now;
    auto made = std::make_shared<const Wiring>(next(now));
    for (const auto& connection : made->connections()) check_blocks(connection.get());
    return made;
  });
  for (const auto& connection : before.connections()) {
    if (after->find(connection->id) != connection) states_.forget(connection->id);
  }
}

std::unique_ptr<AnswerAttachments> ConnectorManager::begin_answer(wiring::Lease<Wiring> wiring,
                                                                  const Samples& samples,
                                                                  const TextView& text,
                                                                  const Refused& refused) const {
  auto answer = std::make_unique<AnswerAttachments>(std::move(wiring), layers_);
  for (const auto& connection : answer->wiring()->connections()) {
    const auto sample = samples.find(connection->id);
    if (sample == samples.end()) continue;
    try {
      auto state = states_.begin(*connection, sample->second.id, sample->second.tokens, text);
      if (state != nullptr) require_usable(*state, text.type);
      answer->activate(connection, std::move(state));
    } catch (const Error& error) {
      if (!refused) throw;
      refused(connection->id, error);
    }
  }
  return answer;
}

void ConnectorManager::check_blocks(const Connection* connection) const {
  if (connection == nullptr || connection->source == nullptr) {
    fail(Errc::InvalidArgument, "connector", "a connection needs a source");
  }
  const int theirs = connection->source->blocks().layers();
  if (theirs != layers_) {
    fail(Errc::InvalidArgument, "connector", '"', connection->id, "\" was made for a model of ", theirs,
         " blocks; this one has ", layers_);
  }
}

}  // namespace lateral::connector
