#include "plugins/torch/guard.hpp"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <string>

#include <lateral/sdk/error.hpp>

#include "core/base/error.hpp"

namespace lateral::plugins {
namespace {

std::int32_t status_of(Errc code) {
  switch (code) {
    case Errc::InvalidArgument:
      return LAT_INVALID_ARGUMENT;
    case Errc::NotFound:
      return LAT_NOT_FOUND;
    case Errc::Unsupported:
      return LAT_UNIMPLEMENTED;
    case Errc::Corrupt:
      return LAT_DATA_LOSS;
    case Errc::FailedPrecondition:
      return LAT_FAILED_PRECONDITION;
    case Errc::Io:
      return LAT_UNAVAILABLE;
    case Errc::ResourceExhausted:
      return LAT_RESOURCE_EXHAUSTED;
    case Errc::Cancelled:
      return LAT_CANCELLED;
    case Errc::DeadlineExceeded:
      return LAT_DEADLINE_EXCEEDED;
    default:
      return LAT_INTERNAL;
  }
}

/// libtorch has one type for a wrong shape and for lack of memory.
std::int32_t status_of(const std::string& text) {
  return text.find("can't allocate memory") == text.npos ? LAT_INTERNAL : LAT_RESOURCE_EXHAUSTED;
}

}  // namespace

void enter_thread() {
  at::internal::lazy_init_num_threads();
}

void rethrow_for_host() {
  try {
    throw;
  } catch (const Error& error) {
    throw sdk::Error(status_of(error.code()), error.what());
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    throw sdk::Error(status_of(text), "libtorch: " + text.substr(0, text.find('\n')));
  }
}

}  // namespace lateral::plugins
