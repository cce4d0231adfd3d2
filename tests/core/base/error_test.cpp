#include "core/base/error.hpp"

#include "tests/support/catch.hpp"

using lateral::Errc;
using lateral::Error;

TEST_CASE("an error carries its code and says where it was noticed") {
  try {
    lateral::fail(Errc::AbiMismatch, "plugin", "lidar.so", " speaks ", 2, ", this host ", 1);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::AbiMismatch);
    CHECK(std::string(error.what()) == "plugin: lidar.so speaks 2, this host 1");
  }
}

TEST_CASE("every error code has its own name") {
  CHECK(lateral::name_of(Errc::InvalidArgument) == "InvalidArgument");
  CHECK(lateral::name_of(Errc::Internal) == "Internal");
}
