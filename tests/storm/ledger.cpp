#include "tests/storm/ledger.hpp"

namespace lateral::storm {

Ledger::Change Ledger::begin(const std::string& fact, const Values& attempted) {
  const std::lock_guard lock(mutex_);
  History& history = facts_[fact];
  Values values = history.values.back();
  values.insert(attempted.begin(), attempted.end());
  history.values.push_back(std::move(values));
  ++history.running;
  return {fact, ++history.changes};
}

void Ledger::end(const Change& change, const std::optional<std::string>& outcome) {
  const std::lock_guard lock(mutex_);
  History& history = facts_[change.fact];
  const bool alone = --history.running == 0 && history.changes == change.number;
  ++history.changes;
  if (!outcome) return;
  Values values = alone ? Values{} : history.values.back();
  values.insert(*outcome);
  history.values.push_back(std::move(values));
}

Ledger::Moment Ledger::now() const {
  const std::lock_guard lock(mutex_);
  Moment moment;
  for (const auto& [fact, history] : facts_) moment[fact] = history.values.size() - 1;
  return moment;
}

Ledger::Values Ledger::since(const Moment& moment, const std::string& fact) const {
  const std::lock_guard lock(mutex_);
  const auto found = facts_.find(fact);
  if (found == facts_.end()) return {};
  const auto& values = found->second.values;
  const auto first = moment.find(fact);
  Values all;
  for (std::size_t i = first == moment.end() ? 0 : first->second; i < values.size(); ++i)
    all.insert(values[i].begin(), values[i].end());
  return all;
}

}  // namespace lateral::storm
