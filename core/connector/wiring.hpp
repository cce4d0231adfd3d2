#pragma once
// The immutable set of attached connections. Attaching makes another one; nothing is copied but pointers.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/connector/connection.hpp"

namespace lateral::connector {

/// Value; copies share connections. Thread safety: const members from any thread.
class Wiring {
 public:
  Wiring() = default;

  /// By id, which is the order of their columns: sums depend on it to the last bit, and answers must not depend on
  /// which sense was attached first.
  std::span<const std::shared_ptr<const Connection>> connections() const { return connections_; }
  bool empty() const { return connections_.empty(); }
  /// Null when nothing of that id is attached.
  std::shared_ptr<const Connection> find(std::string_view id) const;
  /// The lowest block that any connection touches; `layers` if none does. The frozen prefix ends here.
  int first_block(int layers) const;

  /// This wiring and one more. Throws FailedPrecondition when the id is attached.
  Wiring with(std::shared_ptr<const Connection> connection) const;
  /// This wiring without one. Throws NotFound, naming those that are attached.
  Wiring without(std::string_view id) const;
  /// This wiring with the connection of the same id in its place, or one more if there is none.
  Wiring with_replaced(std::shared_ptr<const Connection> connection) const;

 private:
  std::vector<std::shared_ptr<const Connection>> connections_;
};

}  // namespace lateral::connector
