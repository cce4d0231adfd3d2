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
