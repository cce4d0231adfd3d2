#include "host/exit_codes.hpp"

#include "tests/support/catch.hpp"

using namespace lateral;
using host::exit_status;

// Scripts depend on these numbers, so here they are written out.
TEST_CASE("every error code has its documented exit status, and none looks like success or usage") {
  CHECK(exit_status(Errc::InvalidArgument) == 3);
  CHECK(exit_status(Errc::NotFound) == 3);
  CHECK(exit_status(Errc::Unsupported) == 3);
  CHECK(exit_status(Errc::Corrupt) == 4);
  CHECK(exit_status(Errc::AbiMismatch) == 4);
  CHECK(exit_status(Errc::FailedPrecondition) == 5);
  CHECK(exit_status(Errc::Io) == 6);
  CHECK(exit_status(Errc::ResourceExhausted) == 6);
  CHECK(exit_status(Errc::PluginFault) == 7);
  CHECK(exit_status(Errc::DeadlineExceeded) == 8);
  CHECK(exit_status(Errc::Cancelled) == 130);
  CHECK(exit_status(Errc::Internal) == 1);
  for (int code = 0; code <= static_cast<int>(Errc::Internal); ++code) {
    CHECK(exit_status(static_cast<Errc>(code)) != host::kExitOk);
    CHECK(exit_status(static_cast<Errc>(code)) != host::kExitUsage);
  }
}
