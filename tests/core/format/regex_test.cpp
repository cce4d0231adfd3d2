#include "core/format/regex.hpp"

#include "tests/support/errors.hpp"

using namespace lateral;
using format::pcre_from_oniguruma;
using format::Regex;
using test::thrown_by;

TEST_CASE("what Oniguruma and PCRE2 read differently is rewritten") {
  CHECK(pcre_from_oniguruma(R"([^\s\p{L}]+|\S)") == R"([^\p{White_Space}\p{L}]+|\P{White_Space})");
  CHECK(pcre_from_oniguruma("[^(a|[.,!])]+") == "[^(a|.,!)]+");
  CHECK(pcre_from_oniguruma("[a[-z]]") == R"([a\-z])");
}

TEST_CASE("what may mean something else is refused by name") {
  for (const auto* pattern : {R"(\w+)", R"(\bx)", R"(\p{Han})", R"([a&&b])", R"([a[^b]])", "a{2}+", "a{,3}",
                              "(?m)x", "(?i)x", R"(\h)", R"(\1)", R"([[:alpha:]])", "\\"}) {
    INFO(pattern);
    CHECK(thrown_by([&] { Regex{pattern}; }).code == Errc::Unsupported);
  }
  CHECK(thrown_by([] { Regex("(a"); }).code == Errc::Corrupt);
  CHECK(thrown_by([] { Regex("[a"); }).code == Errc::Corrupt);
  CHECK(thrown_by([] { Regex(std::string(100'000, '(')); }).code == Errc::ResourceExhausted);
}

TEST_CASE("empty matches advance by whole characters") {
  const auto matches = Regex("x*").find_all("\xc3\xa9x");
  REQUIRE(matches.size() == 3);
  CHECK(matches[1].begin == 2);
  CHECK(matches[1].end == 3);
  CHECK(matches[2].begin == 3);
}

TEST_CASE("a pattern that backtracks a little everywhere is stopped as one that does so once") {
  const Regex hostile("(?:a|aa)+[cd]");
  std::string text;
  for (int i = 0; i < 60; ++i) text += std::string(28, 'a') + "x";
  CHECK(thrown_by([&] { hostile.find_all(text); }).code == Errc::ResourceExhausted);
}

TEST_CASE("long runs and rare matches are found, wherever they lie") {
  const Regex digits("\\p{N}+");
  for (const std::size_t before : {0U, 255U, 256U, 257U, 100'000U}) {
    CAPTURE(before);
    const std::string text = std::string(before, 'a') + "\xc3\xa9" + std::string(300'000, '1');
    const auto matches = digits.find_all(text);
    REQUIRE(matches.size() == 1);
    CHECK(matches[0].begin == before + 2);
    CHECK(matches[0].end == text.size());
  }
  const Regex spaces("\\s+(?!\\S)|\\s+");
  CHECK(spaces.find_all(std::string(500'000, ' ') + "x").size() == 2);
  CHECK(Regex("(?<=b)c").find_all(std::string(255, 'a') + "bc").size() == 1);
}
