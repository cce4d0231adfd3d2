#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/utf8.hpp"

namespace lateral::fuzz {
namespace {

/// A configuration has a line for each mistake; nothing else comes near.
constexpr std::size_t kMaxMessage = 64U << 10U;

[[noreturn]] void stop(std::string_view what, std::string_view detail = {}) {
  std::fprintf(stderr, "fuzz: %.*s%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(std::min<std::size_t>(detail.size(), 400)), detail.data());
  std::abort();
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\n';
}

}  // namespace

void require(bool holds, std::string_view what) {
  if (!holds) stop("does not hold: ", what);
}

void require_readable(std::string_view message) {
  if (message.empty()) stop("an error without a message");
  if (message.size() > kMaxMessage) stop("a message too long to read: ", message);
  if (!format::utf8::is_valid(message)) stop("a message that is not UTF-8: ", message);
  if (std::any_of(message.begin(), message.end(), is_control)) stop("a control character in: ", message);
}

void run_checked(Input input) {
  log::set_level(log::Level::Off);
  try {
    run(input);
  } catch (const Error& error) {
    require_readable(error.what());
    require(error.code() != Errc::Internal, error.what());
  }
}

}  // namespace lateral::fuzz
