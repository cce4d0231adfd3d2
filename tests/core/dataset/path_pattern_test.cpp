#include "core/dataset/path_pattern.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using dataset::PathPattern;
using Found = std::map<std::string, std::string>;

namespace {

const std::vector<std::string> kNames{"id", "answer", "group"};

std::optional<Found> match(const std::string& pattern, const std::string& path) {
  return PathPattern(pattern, kNames).match(path);
}

}  // namespace

TEST_CASE("a pattern that cannot mean one thing is refused, with the reason") {
  const auto refusal = [](const std::string& pattern) {
    const auto thrown = test::thrown_by([&] { const PathPattern made(pattern, kNames); });
    CHECK(thrown.code == Errc::InvalidArgument);
    return thrown.message;
  };
  CHECK(refusal("").find("1 to 64 parts") != std::string::npos);
  std::string parts;
  for (int i = 0; i < 32; ++i) parts += "*a";
  CHECK_NOTHROW(PathPattern(parts, kNames));
  CHECK(refusal(parts + "*").find("1 to 64 parts") != std::string::npos);
  CHECK(refusal("{answer/x").find("not closed") != std::string::npos);
  CHECK(refusal("a}b").find("not opened") != std::string::npos);
  CHECK(refusal("{label}").find("{label} is not known; there are {id}, {answer}, {group}") !=
        std::string::npos);
  CHECK(refusal("{id}/{id}").find("twice") != std::string::npos);
  for (const char* glued : {"{id}{answer}", "*{id}", "{id}*", "**"})
    CHECK(refusal(glued).find("nothing separates") != std::string::npos);
}

TEST_CASE("names take as little as they can and stay within one folder") {
  CHECK(match("{answer}/{group}_nohash_*.wav", "yes/0132a06d_nohash_2.wav") ==
        Found{{"answer", "yes"}, {"group", "0132a06d"}});
  CHECK(match("*/{answer}_{group}_*.wav", "train/3_jackson_5.wav") ==
        Found{{"answer", "3"}, {"group", "jackson"}});
  CHECK(match("{answer}.wav", "a.b.wav") == Found{{"answer", "a.b"}});
  CHECK(match("a*b", "ab") == Found{});
  CHECK_FALSE(match("{answer}.wav", "deep/yes.wav"));
  CHECK_FALSE(match("{answer}.wav", ".wav"));
  CHECK_FALSE(match("{answer}.wav", "yes.wav.txt"));
  CHECK_FALSE(match("{answer}.wav", ""));
}

TEST_CASE("a hostile path costs no more than its square") {
  const PathPattern pattern("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", kNames);
  CHECK_FALSE(pattern.match(std::string(1000, 'a')));
  CHECK_FALSE(pattern.match(std::string(1100, 'a') + "b"));
}
