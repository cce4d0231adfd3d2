#pragma once
// One modality, ready to be attached.

#include <memory>
#include <string>

#include "core/connector/adapter.hpp"
#include "core/connector/kv_lora.hpp"
#include "core/connector/source.hpp"
#include "core/wiring/plan.hpp"

namespace lateral::connector {

/// Where a connection's tokens come from: one loaded revision of an encoder. Opaque here. The wiring carries it, so that
/// whoever leases the wiring has encoders and trained parts that belong together, also while a plugin is upgraded.
class Origin {
 public:
  virtual ~Origin() = default;
};

/// A plugin's encoder, its source and its low-rank branch, attached and detached as one.
/// Immutable once built.
struct Connection {
  std::string id;       ///< its name in the wiring
  std::string plugin;   ///< id of the plugin that encodes
  std::string encoder;  ///< id of the encoder within the plugin
  /// Changes whenever the trained part does: kept keys and values belong to one identity.
  std::string identity;
  std::shared_ptr<const Source> source;
  std::shared_ptr<const KvLora> lora;    ///< null = none
  std::shared_ptr<const Origin> origin;  ///< null where samples come from elsewhere

  /// The lowest block that the source or the low-rank branch touches.
  int first_block() const;
};

/// A connection made of an adapter. It shares the adapter's tensors: train a clone. Throws InvalidArgument
/// for an id that cannot be one.
std::shared_ptr<const Connection> connection_of(std::string id, const Adapter& adapter);

/// What a plan asks for, made of an adapter. Throws AbiMismatch when the adapter was trained for other blocks
/// or another method: its links and keys mean nothing elsewhere.
std::shared_ptr<const Connection> connection_of(const wiring::ConnectionPlan& plan, const Adapter& adapter);

/// The same connection with its tokens from `origin`.
std::shared_ptr<const Connection> with_origin(const Connection& connection,
                                              std::shared_ptr<const Origin> origin);

}  // namespace lateral::connector
