#include "core/runtime/caught.hpp"

#include <new>
#include <system_error>

namespace lateral::runtime {

Errc errc_of(const std::exception& error) noexcept {
  if (const auto* const known = dynamic_cast<const Error*>(&error)) return known->code();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return Errc::ResourceExhausted;
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  if (system == nullptr) return Errc::Internal;
  // What std::thread throws when there may be no more of them.
  return system->code() == std::errc::resource_unavailable_try_again ? Errc::ResourceExhausted : Errc::Io;
}

}  // namespace lateral::runtime
