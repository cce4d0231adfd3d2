#include "core/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace lateral::log {
namespace {

// Read on every call, also where the message is then dropped, so it is kept outside the library.
std::atomic<Level> current_level{Level::Info};

spdlog::logger& logger() {
  // Leaked on purpose: plugin threads may log while the process is going down.
  static spdlog::logger* const instance = [] {
    auto* made = new spdlog::logger("lateral", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%H:%M:%S.%e %^%l%$ %v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Trace: return spdlog::level::trace;
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
    case Level::Off: return spdlog::level::off;
  }
  return spdlog::level::err;
}

}  // namespace

void set_level(Level level) { current_level = level; }

Level level() { return current_level; }

void write(Level level, std::string_view component, std::string_view message) {
  if (level < current_level.load()) return;
  logger().log(to_spdlog(level), "{}: {}", component, message);
}

}  // namespace lateral::log
