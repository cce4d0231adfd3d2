#include "core/runtime/prefix_cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lateral::runtime {
namespace {

constexpr std::size_t kMaxPrefixes = 32;

std::int64_t bytes_of(const model::Prefix& prefix) {
  return static_cast<std::int64_t>(prefix.hidden.nbytes()) + prefix.cache.bytes();
}

}  // namespace

PrefixCache::Kept PrefixCache::get(const model::Ids& prompt, std::int64_t first_block,
                                   const std::function<model::Prefix()>& make) {
  {
    const std::lock_guard lock(mutex_);
    if (auto kept = find(prompt, first_block)) return kept;
  }
  return keep(std::make_shared<const model::Prefix>(make()));
}

PrefixCache::Kept PrefixCache::find(const model::Ids& prompt, std::int64_t first_block) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.prefix->first_block == first_block && entry.prefix->prompts.front() == prompt;
  });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->prefix;
}

PrefixCache::Kept PrefixCache::keep(Kept made) {
  const std::int64_t bytes = bytes_of(*made);
  if (bytes > max_bytes_) return made;
  std::list<Entry> gone;  // freed after the lock
  const std::lock_guard lock(mutex_);
  if (auto kept = find(made->prompts.front(), made->first_block)) return kept;
  while (!entries_.empty() && (entries_.size() >= kMaxPrefixes || bytes_ + bytes > max_bytes_)) {
    bytes_ -= entries_.back().bytes;
    gone.splice(gone.begin(), entries_, std::prev(entries_.end()));
  }
  entries_.push_front({made, bytes});
  bytes_ += bytes;
  return made;
}

std::size_t PrefixCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::int64_t PrefixCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace lateral::runtime
