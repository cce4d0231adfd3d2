#pragma once
// The host's side of the ABI: the lat_host that one loaded copy of a plugin sees.

#include <lateral/plugin.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/log.hpp"
#include "core/plugin/parallel_pool.hpp"

namespace lateral::plugin {
/// Where a plugin's log lines go.
using LogSink = void (*)(log::Level level, std::string_view component, std::string_view text);
}  // namespace lateral::plugin

/// What the opaque context of lateral/plugin.h is on this side.
struct lat_ctx {
  std::string component;
  lateral::plugin::LogSink sink;
  lateral::plugin::ParallelPool pool;
};

namespace lateral::plugin {

/// Lives until shutdown has returned, and longer where threads of the plugin do. Not movable: the plugin holds its
/// address.
class HostTable {
 public:
  HostTable(std::string component, const std::filesystem::path& plugin_dir, std::string thread_name,
            LogSink sink = &log::write, std::shared_ptr<ThreadFamily> family = nullptr);
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const lat_host* table() const noexcept { return &table_; }
  lat_ctx* context() noexcept { return &context_; }
  /// Ends the threads lent to parallel_for; calls that come too late are answered still. False when one did not end.
  bool end_threads(Clock::time_point until) { return context_.pool.end(until); }

 private:
  std::string plugin_dir_;
  lat_ctx context_;
  lat_host table_;
};

}  // namespace lateral::plugin
