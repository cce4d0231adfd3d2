#pragma once
// Attaches and detaches connections while answers run.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/error.hpp"
#include "core/connector/answer_attachments.hpp"
#include "core/connector/connection.hpp"
#include "core/connector/state_cache.hpp"
#include "core/connector/wiring.hpp"
#include "core/wiring/snapshot.hpp"

namespace lateral::connector {

/// What one modality gives to one answer.
struct Sample {
  std::string id;  ///< names these tokens, so that their keys and values are made once; empty = not kept
  Tokens tokens;
};
using Samples = std::map<std::string, Sample>;  ///< by connection id

/// A connection that cannot take part in an answer, and why.
using Refused = std::function<void(const std::string& connection, const Error& why)>;

/// Thread safety: every member from any thread. Attach and detach exchange one pointer: they wait for no
/// answer, and no answer waits for them. An answer keeps the wiring it began with.
class ConnectorManager {
 public:
  /// For a decoder of `layers` blocks; keeps the keys and values of the last `kept_states` samples of
  /// any connection.
  explicit ConnectorManager(int layers, std::size_t kept_states = 64);

  /// Throws FailedPrecondition when the id is attached already, InvalidArgument when the connection was made
  /// for another number of blocks.
  void attach(std::shared_ptr<const Connection> connection);
  /// Puts the connection in the place of the one with its id, in one step; returns the former one, for a
  /// rollback, or null if there was none.
  std::shared_ptr<const Connection> replace(std::shared_ptr<const Connection> connection);
  /// Returns what was detached. Throws NotFound, naming what is attached.
  std::shared_ptr<const Connection> detach(const std::string& id);
  /// Exchanges the wiring for `next` of it, several connections in one step. If `next` throws, nothing changes.
  void exchange(const std::function<Wiring(const Wiring&)>& next);

  wiring::Lease<Wiring> lease() const { return wiring_.lease(); }
  int layers() const { return layers_; }
  /// The lowest block that anything attached touches; layers() if nothing is attached.
  int first_block() const { return lease()->first_block(layers_); }

  /// Everything in `wiring`, which is the one that `samples` were made for, for one answer about them. Connections
  /// without a sample are absent; samples without a connection are ignored, as after a detach. A connection whose tokens do
  /// not fit (InvalidArgument), or make keys or values too large to compute with (PluginFault), is absent as well, and
  /// `refused` is told why; without `refused` that is thrown.
  std::unique_ptr<AnswerAttachments> begin_answer(wiring::Lease<Wiring> wiring, const Samples& samples,
                                                  const TextView& text = {},
                                                  const Refused& refused = {}) const;
  /// The same with everything that is attached now.
  std::unique_ptr<AnswerAttachments> begin_answer(const Samples& samples, const TextView& text = {}) const {
    return begin_answer(lease(), samples, text);
  }

  std::size_t kept_states() const { return states_.size(); }

 private:
  void check_blocks(const Connection* connection) const;

  int layers_;
  wiring::Snapshot<Wiring> wiring_;
  mutable StateCache states_;
};

}  // namespace lateral::connector
