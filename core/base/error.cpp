#include "core/base/error.hpp"

namespace lateral {

std::string_view name_of(Errc code) noexcept {
  switch (code) {
    case Errc::InvalidArgument: return "InvalidArgument";
    case Errc::NotFound: return "NotFound";
    case Errc::Unsupported: return "Unsupported";
    case Errc::Corrupt: return "Corrupt";
    case Errc::AbiMismatch: return "AbiMismatch";
    case Errc::FailedPrecondition: return "FailedPrecondition";
    case Errc::Io: return "Io";
    case Errc::ResourceExhausted: return "ResourceExhausted";
    case Errc::PluginFault: return "PluginFault";
    case Errc::Cancelled: return "Cancelled";
    case Errc::DeadlineExceeded: return "DeadlineExceeded";
    case Errc::Internal: return "Internal";
  }
  return "Unknown";
}

Error::Error(Errc code, std::string_view where, std::string_view message)
    : std::runtime_error(detail::concat(where, ": ", message)), code_(code) {}

}  // namespace lateral
