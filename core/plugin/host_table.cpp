#include "core/plugin/host_table.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "core/base/text.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kMaxLine = 4096;

log::Level level_of(std::uint32_t level) {
  switch (level) {
    case LAT_LOG_DEBUG:
      return log::Level::Debug;
    case LAT_LOG_WARN:
      return log::Level::Warn;
    case LAT_LOG_ERROR:
      return log::Level::Error;
    default:
      return log::Level::Info;
  }
}

void write_log(lat_ctx* context, std::uint32_t level, const char* text, std::uint64_t length) {
  if (text == nullptr || level_of(level) < log::level()) return;
  std::string_view line(text, std::min(length, kMaxLine));
  while (line.ends_with('\n')) line.remove_suffix(1);
  context->sink(level_of(level), context->component, shown(line, kMaxLine));
}

std::uint64_t now_ns(lat_ctx*) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::int32_t parallel_for(lat_ctx* context, std::uint32_t n, ParallelPool::Body body, void* user) {
  if (body == nullptr) return LAT_INVALID_ARGUMENT;
  return context->pool.run(n, body, user) ? LAT_OK : LAT_INVALID_ARGUMENT;
}

/// ABI 1.0 has no ability of the host beyond its table.
const void* get_capability(lat_ctx*, const char*) {
  return nullptr;
}

}  // namespace

HostTable::HostTable(std::string component, const std::filesystem::path& plugin_dir, std::string thread_name,
                     LogSink sink, std::shared_ptr<ThreadFamily> family)
    : plugin_dir_(plugin_dir.string()),
      context_{std::move(component), sink, ParallelPool(std::move(thread_name), std::move(family))},
      table_{sizeof(lat_host), LAT_ABI_MINOR, plugin_dir_.c_str(), &write_log,
             &now_ns,          &parallel_for, &get_capability} {}

}  // namespace lateral::plugin
