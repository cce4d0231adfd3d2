#include "core/base/text.hpp"

#include <array>

#include "tests/support/catch.hpp"

using namespace lateral;

TEST_CASE("a mistyped word finds its neighbour and a strange one finds nothing") {
  const std::array<std::string, 3> words{"blocks", "plugin", "method"};
  CHECK(nearest("bloks", words) == "blocks");
  CHECK(nearest("plugni", words) == "plugin");  // swapped neighbours are one mistake
  CHECK(nearest("Method", words) == "method");
  CHECK_FALSE(nearest("x", words));
  CHECK_FALSE(nearest("temperature", words));
  CHECK_FALSE(nearest(std::string(100000, 'a'), words));
}

TEST_CASE("what a message shows of a hostile text is bounded UTF-8 without control characters") {
  CHECK(shown("caf\xC3\xA9 'x'") == "caf\xC3\xA9 'x'");
  CHECK(shown(std::string_view("\x1B[2J\n\0\x7F", 7)) == "\\x1B[2J\\x0A\\x00\\x7F");
  CHECK(shown("\xC0\x80") == "\\xC0\\x80");               // overlong
  CHECK(shown("\xED\xA0\x80") == "\\xED\\xA0\\x80");      // a surrogate
  CHECK(shown("\xF4\x90\x80\x80").starts_with("\\xF4"));  // beyond U+10FFFF
  CHECK(shown("\xE2\x82") == "\\xE2\\x82");               // cut short
  CHECK(shown(std::string(100, 'a'), 5) == "aaaaa...");
  CHECK(shown("aaaa\xC3\xA9", 5) == "aaaa...");  // never half a character
  CHECK(shown("aaaaa", 5) == "aaaaa");
}

TEST_CASE("durations have a number and a unit, and nothing else is one") {
  CHECK(parse_duration("60") == 60.0);
  CHECK(parse_duration("250ms") == 0.25);
  CHECK(parse_duration("1.5h") == 5400.0);
  CHECK(parse_duration("5m") == 300.0);
  for (const char* bad : {"", "s", "-1s", "0", "nan", "inf", "1d", "1 s", "60ss", "1e400"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}
