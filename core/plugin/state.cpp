#include "core/plugin/state.hpp"

#include <utility>

namespace lateral::plugin {

std::string_view name_of(State state) noexcept {
  switch (state) {
    case State::Discovered:
      return "discovered";
    case State::Verified:
      return "verified";
    case State::Loaded:
      return "loaded";
    case State::Initialised:
      return "initialised";
    case State::Active:
      return "active";
    case State::Restarting:
      return "restarting";
    case State::Draining:
      return "draining";
    case State::Stopped:
      return "stopped";
    case State::Unmapped:
      return "unmapped";
    case State::Retired:
      return "retired";
    case State::Quarantined:
      return "quarantined";
    case State::Failed:
      return "failed";
  }
  return "unknown";
}

State Custody::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Custody::enter(State state, std::string reason) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::Quarantined) return;
  state_ = state;
  reason_ = std::move(reason);
}

std::string Custody::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

}  // namespace lateral::plugin
