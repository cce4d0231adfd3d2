#pragma once
// A fuzz target is one reader, given bytes that anybody could have written. It may do two things: give a value that
// keeps its contract, or throw lateral::Error. Everything else ends the process: another exception, a broken
// contract, a message no person can read, a sanitizer's complaint, too much memory or time.
//
// Each file of targets/ defines run(). It is linked twice: with libFuzzer (clang, preset `fuzz`), and with replay.cpp
// (every preset), which only goes through what is kept and a second of mutations.

#include <cstddef>
#include <span>
#include <string_view>

namespace lateral::fuzz {

using Input = std::span<const std::byte>;

/// The target. May throw lateral::Error.
void run(Input input);

/// run(), and a look at the error it throws. Both ways of linking a target call this.
void run_checked(Input input);

/// Ends the process, saying what did not hold.
void require(bool holds, std::string_view what);

/// What a reader tells a person: not empty, bounded, UTF-8, and nothing that moves a terminal's cursor.
void require_readable(std::string_view message);

inline std::string_view text_of(Input input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

}  // namespace lateral::fuzz
