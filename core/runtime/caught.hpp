#pragma once
// What was caught, as a code to report: also what the standard library throws.

#include <exception>

#include "core/base/error.hpp"

namespace lateral::runtime {

/// An Error's own code; Io for what the file system refused, ResourceExhausted for memory and threads, otherwise Internal.
Errc errc_of(const std::exception& error) noexcept;

}  // namespace lateral::runtime
