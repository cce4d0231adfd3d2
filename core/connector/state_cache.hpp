#pragma once
// Keys and values of samples, made once and shared by all questions about them. They belong to the host:
// unloading a plugin waits for its encodes, never for answers.

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/connector/connection.hpp"
#include "core/connector/source.hpp"

namespace lateral::connector {

/// Keeps the `capacity` most recently used states. Thread safety: every member from any thread; two
/// answers that need the same new state wait for one computation, others go on.
class StateCache {
 public:
  explicit StateCache(std::size_t capacity);

  /// The state of a sample under a connection for one answer, without gradients; null = nothing present.
  /// `sample` must name these very tokens; empty = do not keep. Sources that depend on the text are always
  /// begun afresh.
  std::unique_ptr<SourceState> begin(const Connection& connection, const std::string& sample,
                                     const Tokens& tokens, const TextView& text);

  /// Forgets all samples of a connection, e.g. after it was detached. Answers keep what they hold.
  void forget(const std::string& connection);
  std::size_t size() const;

 private:
  struct Entry {
    std::string key, connection;
    std::mutex mutex;  // guards what follows
    bool made = false;
    std::unique_ptr<const SourceState> state;  // null = nothing present
  };
  std::shared_ptr<Entry> entry(const Connection& connection, const std::string& sample);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;  // most recently used first
  std::unordered_map<std::string, std::list<std::shared_ptr<Entry>>::iterator> by_key_;
};

}  // namespace lateral::connector
