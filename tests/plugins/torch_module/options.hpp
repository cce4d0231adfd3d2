#pragma once
// Options as a configuration's table would give them.

#include <string>
#include <string_view>
#include <vector>

#include <lateral/sdk/options.hpp>

#include "core/plugin/options.hpp"
#include "tests/support/catch.hpp"

namespace lateral::test {

inline sdk::Options options_from(plugin::OptionMap map) {
  const plugin::OptionTable table(std::move(map));
  return {table.data(), table.size()};
}

/// What `body` fails with; its code must be `code`.
template <typename Body>
std::string refusal(std::int32_t code, Body&& body) {
  try {
    body();
  } catch (const sdk::Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  FAIL("nothing was refused");
  return {};
}

}  // namespace lateral::test
