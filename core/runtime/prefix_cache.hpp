#pragma once
// The text-only part of recent questions: it depends on the words alone, so a new frame under the same question runs only
// the connected blocks.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "core/model/generate.hpp"

namespace lateral::runtime {

/// Keeps the last 32 prefixes within a limit of bytes: a question of some thousand tokens takes gigabytes. One that is
/// larger than the limit is not kept. Thread safety: all members from any thread; prefixes are made outside the lock,
/// so that other answers need not wait, and two that ask the same new question at once both make it.
class PrefixCache {
 public:
  using Kept = std::shared_ptr<const model::Prefix>;

  explicit PrefixCache(std::int64_t max_bytes = std::int64_t{256} << 20) : max_bytes_(max_bytes) {}

  /// The prefix of `prompt` up to `first_block`, made by `make` where it is not kept.
  Kept get(const model::Ids& prompt, std::int64_t first_block, const std::function<model::Prefix()>& make);

  std::size_t size() const;
  std::int64_t bytes() const;

 private:
  struct Entry {
    Kept prefix;
    std::int64_t bytes = 0;
  };
  /// Null when it is not there; else it is the most recently used one now. `mutex_` is held.
  Kept find(const model::Ids& prompt, std::int64_t first_block);
  /// What is kept of it: another one if that was quicker.
  Kept keep(Kept made);

  const std::int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::int64_t bytes_ = 0;
  std::list<Entry> entries_;  // most recently used first
};

}  // namespace lateral::runtime
