#include "core/training/token_cache.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace lateral::training {
namespace {

std::int64_t bytes_of(const std::optional<connector::Tokens>& tokens) {
  if (!tokens) return 0;
  const auto present = tokens->present.defined() ? tokens->present.nbytes() : 0;
  return static_cast<std::int64_t>(tokens->values.nbytes() + present);
}

}  // namespace

std::optional<connector::Tokens> TokenCache::get(const std::string& token_space, const std::string& sample,
                                                 const TokenProvider& encode) {
  const std::string key = token_space + '\0' + sample;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->tokens;
    }
  }
  Entry entry{key, encode(sample), 0};
  entry.bytes = bytes_of(entry.tokens) + static_cast<std::int64_t>(key.size());
  auto tokens = entry.tokens;
  keep(std::move(entry));
  return tokens;
}

void TokenCache::keep(Entry entry) {
  const std::lock_guard lock(mutex_);
  if (entry.bytes > max_bytes_ || by_key_.count(entry.key) != 0) return;
  while (bytes_ + entry.bytes > max_bytes_) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
}

std::int64_t TokenCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void TokenCache::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  by_key_.clear();
  bytes_ = 0;
}

TokenProvider cached(std::shared_ptr<TokenCache> cache, std::string token_space, TokenProvider encode) {
  return [cache = std::move(cache), space = std::move(token_space), encode = std::move(encode)](
             const std::string& sample) { return cache->get(space, sample, encode); };
}

}  // namespace lateral::training
