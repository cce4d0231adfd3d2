#pragma once
// From status codes at the border to exceptions inside.

#include <lateral/plugin.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace lateral::plugin {

/// A text buffer for one call into a plugin. Not movable: the lat_err points into it.
class ErrorText {
 public:
  ErrorText();
  ErrorText(const ErrorText&) = delete;
  ErrorText& operator=(const ErrorText&) = delete;

  lat_err* err() noexcept { return &err_; }
  /// What was written; empty if nothing.
  std::string_view text() const noexcept;

 private:
  std::array<char, 1024> buffer_{};
  lat_err err_{};
};

/// Returns for LAT_OK; else throws the Error that corresponds, "`function`: text".
void throw_unless_ok(std::int32_t status, std::string_view text, std::string_view function);
inline void throw_unless_ok(std::int32_t status, const ErrorText& text, std::string_view function) {
  throw_unless_ok(status, text.text(), function);
}

}  // namespace lateral::plugin
