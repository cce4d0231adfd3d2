#include "core/runtime/upgrades.hpp"

#include <chrono>
#include <utility>

#include "core/base/elapsed.hpp"
#include "core/base/log.hpp"

namespace lateral::runtime {
namespace {

using Clock = std::chrono::steady_clock;

/// How long running encodes of the former revision may take before they are cancelled.
constexpr std::chrono::seconds kPatience{5};

UpgradeResult begun(const Sensor& now) {
  UpgradeResult result;
  result.plugin = now.id();
  result.from = now.revision()->facts().version;
  return result;
}

void describe(UpgradeResult& result, const Sensor& next) {
  result.version = next.revision()->facts().version;
  result.token_space = next.spec().token_space;
}

/// Nobody who asks from now on finds the former revision: it is closed as soon as its running encodes are done.
void close(UpgradeResult& result, const Sensor& former) {
  const auto start = Clock::now();
  const auto report = former.revision()->close(kPatience);
  result.close_ms = ms_since(start);
  result.outcome = plugin::name_of(report.state);
  result.reason = report.reason;
  log::info("plugin", result.plugin, ' ', result.from, " -> ", result.version, "; the former one is ",
            result.outcome, report.reason.empty() ? "" : ": " + report.reason);
}

}  // namespace

UpgradeResult Upgrades::upgrade(const std::string& plugin, const std::filesystem::path& file,
                                const std::optional<std::filesystem::path>& adapter) {
  const auto now = sensors_.at(plugin);
  UpgradeResult result = begun(*now);
  auto start = Clock::now();
  auto next = sensors_.prepare(plugin, file);
  result.prepare_ms = ms_since(start);
  describe(result, *next.sensor);
  start = Clock::now();
  if (adapter) {
    book_.exchange_sensor(now, std::move(next), *adapter);
  } else {
    book_.exchange_sensor(now, std::move(next));
  }
  result.exchange_ms = ms_since(start);
  note(plugin, adapter ? Change::Both : Change::Revision);
  close(result, *now);
  return result;
}

RollbackResult Upgrades::rollback(const std::string& plugin) {
  const auto now = sensors_.at(plugin);
  const Change last = last_change(plugin);
  if (last != Change::Adapter) return back_to_former_revision(plugin, last);
  book_.rollback(book_.only_of_plugin(plugin).name);
  RollbackResult result;
  result.plugin = plugin;
  return result;
}

RollbackResult Upgrades::back_to_former_revision(const std::string& plugin, Change last) {
  const auto now = sensors_.at(plugin);
  UpgradeResult result = begun(*now);
  auto start = Clock::now();
  auto next = sensors_.prepare_former(plugin);
  result.prepare_ms = ms_since(start);
  describe(result, *next.sensor);
  start = Clock::now();
  if (last == Change::Both) {
    book_.exchange_sensor_back(now, std::move(next));
  } else {
    book_.exchange_sensor(now, std::move(next));
  }
  result.exchange_ms = ms_since(start);
  close(result, *now);
  return {.plugin = plugin, .upgrade = std::move(result)};
}

Upgrades::Change Upgrades::last_change(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = last_.find(plugin);
  return found == last_.end() ? Change::Adapter : found->second;
}

void Upgrades::note(const std::string& plugin, Change change) {
  const std::lock_guard lock(mutex_);
  last_[plugin] = change;
}

void Upgrades::note_adapted(const std::string& plugin) {
  note(plugin, Change::Adapter);
}

}  // namespace lateral::runtime
