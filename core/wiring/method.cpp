#include "core/wiring/method.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"

namespace lateral::wiring {
namespace {

/// Methods of the literature that fit the source interface and have no source here. Named, so that a
/// configuration written for another version is told the true reason.
constexpr std::array<std::string_view, 4> kKnownElsewhere{"composite", "per-block", "input", "gated"};

}  // namespace

std::string_view name_of(Method method) noexcept {
  switch (method) {
    case Method::LateKv:
      return "late-kv";
  }
  return "unknown";
}

Method method_named(std::string_view name) {
  if (name == name_of(Method::LateKv)) return Method::LateKv;
  if (std::find(kKnownElsewhere.begin(), kKnownElsewhere.end(), name) != kKnownElsewhere.end()) {
    fail(Errc::Unsupported, "method", '"', name, "\" has no source in this build; it has \"late-kv\"");
  }
  fail(Errc::InvalidArgument, "method", "unknown method \"", name, "\"; this build has \"late-kv\"");
}

}  // namespace lateral::wiring
