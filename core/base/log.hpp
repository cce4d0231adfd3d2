#pragma once
// The only door to the logging library. Its implementation links no torch: PyTorch's include folder carries a
// newer fmt than the distribution's spdlog accepts, and a file that sees both does not compile.
// Thread safety: every function may be called from any thread.

#include <string_view>

#include "core/base/error.hpp"

namespace lateral::log {

enum class Level { Trace, Debug, Info, Warn, Error, Off };

/// Messages below `level` are dropped. Default: Info.
void set_level(Level level);
Level level();

/// Writes "component: message" to standard error (never to standard output, which belongs to answers and JSON).
void write(Level level, std::string_view component, std::string_view message);

template <typename... Parts>
void debug(std::string_view component, const Parts&... parts) {
  if (level() <= Level::Debug) write(Level::Debug, component, lateral::detail::concat(parts...));
}
template <typename... Parts>
void info(std::string_view component, const Parts&... parts) {
  if (level() <= Level::Info) write(Level::Info, component, lateral::detail::concat(parts...));
}
template <typename... Parts>
void warn(std::string_view component, const Parts&... parts) {
  if (level() <= Level::Warn) write(Level::Warn, component, lateral::detail::concat(parts...));
}
template <typename... Parts>
void error(std::string_view component, const Parts&... parts) {
  write(Level::Error, component, lateral::detail::concat(parts...));
}

}  // namespace lateral::log
