#pragma once
// Learning a connection on the running host: from labels, or from an older sense.

#include <memory>
#include <optional>
#include <string>

#include "core/connector/wiring.hpp"
#include "core/runtime/connection_book.hpp"
#include "core/runtime/language.hpp"
#include "core/runtime/runtime.hpp"
#include "core/runtime/sensors.hpp"
#include "core/training/query_bank.hpp"
#include "core/training/trainer.hpp"

namespace lateral::runtime {

/// Thread safety: none; the runtime lets one adaptation at a time in.
class Learning {
 public:
  Learning(std::shared_ptr<const Language> language, const Sensors& sensors, ConnectionBook& book,
           config::AdaptConfig options);

  /// Trains a fresh adapter, checks it, and publishes it through the book if it passed or the request forces it.
  AdaptResult adapt(const AdaptRequest& request);

 private:
  struct Learned {
    std::shared_ptr<const connector::Adapter> adapter;
    bool accepted = false;
    AdaptResult result;
  };
  struct KeptBank {
    std::string key;  ///< of the blocks and questions that were wanted
    training::QueryBank bank;
  };
  /// `run` has everything but its budget.
  Learned from_labels(const AdaptRequest& request, const config::ConnectionConfig& connection,
                      const Sensor& sensor, training::RunOptions run);
  Learned from_teacher(const AdaptRequest& request, const config::ConnectionConfig& connection,
                       const Sensor& sensor, training::RunOptions run);
  const training::QueryBank& bank_for(const wiring::BlockSet& blocks, const AdaptRequest& request);
  training::CheckpointOptions checkpoints_of(const AdaptRequest& request,
                                             const config::ConnectionConfig& connection) const;

  std::shared_ptr<const Language> language_;
  const Sensors& sensors_;
  ConnectionBook& book_;
  config::AdaptConfig options_;
  // The last one alone: each may take as much memory as some blocks of the model.
  std::optional<KeptBank> bank_;
};

}  // namespace lateral::runtime
