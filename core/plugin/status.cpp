#include "core/plugin/status.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace lateral::plugin {
namespace {

constexpr std::size_t kMaxReason = 1000;

Errc code_of(std::int32_t status) {
  switch (status) {
    case LAT_CANCELLED:
      return Errc::Cancelled;
    case LAT_INVALID_ARGUMENT:
    case LAT_OUT_OF_RANGE:
      return Errc::InvalidArgument;
    case LAT_DEADLINE_EXCEEDED:
      return Errc::DeadlineExceeded;
    case LAT_NOT_FOUND:
      return Errc::NotFound;
    case LAT_RESOURCE_EXHAUSTED:
      return Errc::ResourceExhausted;
    case LAT_FAILED_PRECONDITION:
      return Errc::FailedPrecondition;
    case LAT_UNIMPLEMENTED:
      return Errc::Unsupported;
    case LAT_DATA_LOSS:
      return Errc::Corrupt;
    default:
      return Errc::PluginFault;
  }
}

}  // namespace

ErrorText::ErrorText() {
  err_.struct_size = sizeof err_;
  err_.msg_cap = buffer_.size();
  err_.msg = buffer_.data();
}

std::string_view ErrorText::text() const noexcept {
  return {buffer_.data(),
          static_cast<std::size_t>(std::find(buffer_.begin(), buffer_.end(), '\0') - buffer_.begin())};
}

void throw_unless_ok(std::int32_t status, std::string_view text, std::string_view function) {
  if (status == LAT_OK) return;
  const std::string reason = text.empty() ? "gave no reason" : shown(text, kMaxReason);
  fail(code_of(status), function, reason, " (status ", status, ")");
}

}  // namespace lateral::plugin
