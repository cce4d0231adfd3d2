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

TEST_CASE("empty matches advance by whole characters and never stand right behind another") {
  const auto matches = Regex("x*").find_all("\xc3\xa9x");
  REQUIRE(matches.size() == 2);
  CHECK(matches[0].end == 0);
  CHECK(matches[1].begin == 2);
  CHECK(matches[1].end == 3);
}

TEST_CASE("matches are the same wherever the windows of the search end") {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += std::string(static_cast<std::size_t>(i % 13), ' ') + "w\xc3\xb6rd";
  text += std::string(9000, 'x') + std::string(5000, ' ') + "y";
  const auto matches = Regex(R"(\p{L}+|\s+(?!\S)|\s+)").find_all(text);
  std::size_t at = 0;
  for (const auto match : matches) {
    CHECK(match.begin == at);
    const auto piece = text.substr(match.begin, match.end - match.begin);
    CHECK((piece.find(' ') == piece.npos) == (piece.find_first_not_of(' ') != piece.npos));
    at = match.end;
  }
  CHECK(at == text.size());
  const auto end = text.size();
  REQUIRE(matches.size() > 4);
  CHECK(matches[matches.size() - 4].end - matches[matches.size() - 4].begin >= 9000);
  CHECK(matches[matches.size() - 3].begin == end - 5001);
  CHECK(matches[matches.size() - 3].end == end - 2);
  CHECK(matches[matches.size() - 2].end == end - 1);
}

TEST_CASE("a pattern that looks ahead over and over, or backtracks, stops with one error") {
  const std::string as(1 << 20, 'a');
  for (const auto* pattern : {"a*b", "(a+)+$x", "(a|aa)*c", "(?=a*b)a", "(a*)*d"}) {
    INFO(pattern);
    CHECK(thrown_by([&] { Regex(pattern).find_all(as); }).code == Errc::ResourceExhausted);
  }
  CHECK(Regex("a+|b").find_all(as).size() == 1);
  CHECK(Regex(R"(\s*[\r\n]+|\s+(?!\S)|\s+|a)").find_all(std::string(1 << 20, ' ')).size() == 1);
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
