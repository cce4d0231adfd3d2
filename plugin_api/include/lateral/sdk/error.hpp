#pragma once
// Errors: exceptions inside the plugin, a status and the host's text buffer at its border.

#include <lateral/plugin.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

namespace lateral::sdk {

class Error : public std::runtime_error {
 public:
  Error(std::int32_t code, const std::string& text) : std::runtime_error(text), code_(code) {}
  /// One of LAT_INVALID_ARGUMENT etc.
  std::int32_t code() const noexcept { return code_; }

 private:
  std::int32_t code_;
};

/// Throws Error with the parts joined: fail(LAT_NOT_FOUND, "cannot open ", path).
template <typename... Parts>
[[noreturn]] void fail(std::int32_t code, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(code, text.str());
}

/// Writes a text into the host's buffer, cut to fit. Returns `code`.
inline std::int32_t report(lat_err* err, std::int32_t code, const char* text) noexcept {
  if (err == nullptr || err->struct_size < sizeof(lat_err)) return code;
  err->code = code;
  if (err->msg != nullptr && err->msg_cap > 0) {
    const std::size_t room = static_cast<std::size_t>(err->msg_cap) - 1;
    const std::size_t length = std::strlen(text);
    const std::size_t n = length < room ? length : room;
    std::memcpy(err->msg, text, n);
    err->msg[n] = '\0';
  }
  return code;
}

/// Runs `body`; whatever it throws becomes a status. The catch must be in the plugin: a host's catch(...)
/// does not hold the exceptions of a library that brings its own C++ runtime.
template <typename Body>
std::int32_t guard(lat_err* err, Body&& body) noexcept {
  try {
    body();
    return LAT_OK;
  } catch (const Error& error) {
    return report(err, error.code() == LAT_OK ? LAT_UNKNOWN : error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return report(err, LAT_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::invalid_argument& error) {
    return report(err, LAT_INVALID_ARGUMENT, error.what());
  } catch (const std::exception& error) {
    return report(err, LAT_INTERNAL, error.what());
  } catch (...) {
    return report(err, LAT_UNKNOWN, "something was thrown that is not a std::exception");
  }
}

}  // namespace lateral::sdk
