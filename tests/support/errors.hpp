#pragma once
// What a call throws, as a value to compare.

#include <string>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

namespace lateral::test {

struct Thrown {
  Errc code = Errc::Internal;
  std::string message;

  bool mentions(std::string_view part) const { return message.find(part) != message.npos; }
};

/// Fails the test when nothing, or something other than Error, is thrown.
template <typename Call>
Thrown thrown_by(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace lateral::test
