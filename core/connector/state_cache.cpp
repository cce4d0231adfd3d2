#include "core/connector/state_cache.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lateral::connector {

StateCache::StateCache(std::size_t capacity) : capacity_(capacity) {}

std::unique_ptr<SourceState> StateCache::begin(const Connection& connection, const std::string& sample,
                                               const Tokens& tokens, const TextView& text) {
  const c10::NoGradGuard no_gradients;  // a state outlives the answer that made it; a graph would too
  const Source& source = *connection.source;
  if (sample.empty() || capacity_ == 0 || source.depends_on_text()) return source.begin(tokens, text);

  const auto mine = entry(connection, sample);
  const std::lock_guard one_computes(mine->mutex);
  if (!mine->made) {
    mine->state = source.begin(tokens, {});
    mine->made = true;
  }
  return mine->state == nullptr ? nullptr : mine->state->share();
}

std::shared_ptr<StateCache::Entry> StateCache::entry(const Connection& connection,
                                                     const std::string& sample) {
  const std::string key = connection.id + '\n' + connection.identity + '\n' + sample;
  const std::lock_guard lock(mutex_);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front();
  }
  auto made = std::make_shared<Entry>();
  made->key = key;
  made->connection = connection.id;
  entries_.push_front(made);
  by_key_[key] = entries_.begin();
  if (entries_.size() > capacity_) {
    by_key_.erase(entries_.back()->key);
    entries_.pop_back();
  }
  return made;
}

void StateCache::forget(const std::string& connection) {
  std::list<std::shared_ptr<Entry>> gone;  // freed after the lock
  const std::lock_guard lock(mutex_);
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto next = std::next(each);
    if ((*each)->connection == connection) {
      by_key_.erase((*each)->key);
      gone.splice(gone.end(), entries_, each);
    }
    each = next;
  }
}

std::size_t StateCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace lateral::connector
