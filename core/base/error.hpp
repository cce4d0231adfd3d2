#pragma once
// Errors inside lateral are exceptions of one type. The code says what a caller can do about it, the message
// what a person should change: file, line or key; what was expected and what was found.

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lateral {

/// What a caller can do about an error. `host` turns each into a documented exit status.
enum class Errc {
  // The request is wrong: change it.
  InvalidArgument,  ///< a value, option, shape or dtype that cannot work
  NotFound,         ///< a file, plugin, connection or name that is not there
  Unsupported,      ///< well formed, but not something this build can do
  // The data is wrong: replace it.
  Corrupt,      ///< a file that is truncated, malformed or inconsistent
  AbiMismatch,  ///< a plugin or adapter made for another version, model or token space
  // The state is wrong: do something else first.
  FailedPrecondition,  ///< e.g. wiring a plugin that has no adapter yet
  // The world is wrong: try again or look there.
  Io,                 ///< the operating system refused; the message carries its reason
  ResourceExhausted,  ///< memory, disk, threads or a stated limit
  PluginFault,        ///< a plugin broke its contract or reported a failure
  Cancelled,          ///< somebody asked to stop
  DeadlineExceeded,
  Internal,  ///< a defect in lateral
};

/// The code's stable name, e.g. "InvalidArgument".
std::string_view name_of(Errc code) noexcept;

class Error : public std::runtime_error {
 public:
  /// `where` names the part that noticed, e.g. "safetensors"; what() is "where: message".
  Error(Errc code, std::string_view where, std::string_view message);

  Errc code() const noexcept { return code_; }

 private:
  Errc code_;
};

namespace detail {
template <typename... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}
}  // namespace detail

/// Throws Error with the parts joined as by operator<<:
///   fail(Errc::AbiMismatch, "plugin", path, " was built for ABI ", theirs, "; this host speaks ", ours);
template <typename... Parts>
[[noreturn]] void fail(Errc code, std::string_view where, const Parts&... parts) {
  throw Error(code, where, detail::concat(parts...));
}

}  // namespace lateral
