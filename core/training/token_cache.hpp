#pragma once
// Tokens of frozen encoders, made once and kept: they depend on the sample and the encoder's weights alone.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/training/example.hpp"

namespace lateral::training {

/// Keeps the most recently used tokens within a limit of bytes; what was pushed out is encoded again. Shared
/// by runs and evaluations of one process. Thread safety: all members from any thread; encoding runs outside
/// the lock, so two threads that miss the same sample at once both encode it.
class TokenCache {
 public:
  explicit TokenCache(std::int64_t max_bytes = std::int64_t{512} << 20) : max_bytes_(max_bytes) {}

  /// Tokens of `sample` in `token_space` (other encoder weights are another space); a sample without data is
  /// remembered too.
  std::optional<connector::Tokens> get(const std::string& token_space, const std::string& sample,
                                       const TokenProvider& encode);

  std::int64_t bytes() const;
  void clear();

 private:
  struct Entry {
    std::string key;
    std::optional<connector::Tokens> tokens;
    std::int64_t bytes = 0;
  };
  void keep(Entry entry);

  const std::int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::int64_t bytes_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

/// `encode` behind `cache`.
TokenProvider cached(std::shared_ptr<TokenCache> cache, std::string token_space, TokenProvider encode);

}  // namespace lateral::training
