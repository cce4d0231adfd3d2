#include "core/wiring/block_set.hpp"

#include <string>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using lateral::Errc;
using lateral::Error;
using lateral::wiring::BlockSet;

namespace {

std::string refusal(std::string_view text, int layers) {
  try {
    BlockSet::parse(text, layers);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::InvalidArgument);
    return error.what();
  }
  return "accepted";
}

std::vector<int> blocks(std::string_view text, int layers) {
  return BlockSet::parse(text, layers).blocks();
}

}  // namespace

TEST_CASE("a block set that cannot be is refused with the range of blocks there are") {
  CHECK(refusal("", 8).find("\"\" is not a number") != std::string::npos);
  CHECK(refusal("last:9", 8).find("the model has 8 blocks") != std::string::npos);
  CHECK(refusal("last:0", 8).find("1 to 8") != std::string::npos);
  CHECK(refusal("last:four", 8).find("\"four\" is not a number") != std::string::npos);
  CHECK(refusal("3..8", 8).find("blocks 0 to 7") != std::string::npos);
  CHECK(refusal("6..3", 8).find("lower one first") != std::string::npos);
  CHECK(refusal("3..", 8).find("is not a number") != std::string::npos);
  CHECK(refusal("4,5,8", 8).find("there is no block 8") != std::string::npos);
  CHECK(refusal("4,-1", 8).find("there is no block -1") != std::string::npos);
  CHECK(refusal("4,5,4", 8).find("block 4 is named twice") != std::string::npos);
  CHECK(refusal("4,,5", 8).find("\"\" is not a number") != std::string::npos);
  CHECK(refusal("99999999999", 8).find("is not a number") != std::string::npos);
  CHECK(refusal("late", 8).find("last:4") != std::string::npos);
  CHECK(refusal("all", 0).find("a decoder with 0 blocks") != std::string::npos);
}

TEST_CASE("a list of blocks is refused when it is empty, repeats or leaves the model") {
  CHECK_THROWS_AS(BlockSet::of({}, 8), Error);
  CHECK_THROWS_AS(BlockSet::of(std::vector{1, 1}, 8), Error);
  CHECK_THROWS_AS(BlockSet::of(std::vector{8}, 8), Error);
}

TEST_CASE("every form of a block set names the same blocks") {
  const std::vector<int> late{4, 5, 6, 7};
  CHECK(blocks("last:4", 8) == late);
  CHECK(blocks("4..7", 8) == late);
  CHECK(blocks("4,5,6,7", 8) == late);
  CHECK(blocks("7, 5, 4, 6", 8) == late);
  CHECK(blocks("auto", 8) == late);
  CHECK(blocks("auto", 5) == std::vector{2, 3, 4});
  CHECK(blocks("auto", 1) == std::vector{0});
  CHECK(blocks("all", 3) == std::vector{0, 1, 2});
  CHECK(BlockSet::of(late, 8) == BlockSet::parse("last:4", 8));
}

TEST_CASE("the text of a block set reads back as the same set") {
  for (const std::string text : {"0..7", "5", "1,4,6", "3..4"}) {
    CHECK(BlockSet::parse(text, 8).text() == text);
  }
}

TEST_CASE("a block set knows the place of each of its blocks") {
  const auto set = BlockSet::parse("1,4,6", 8);
  CHECK(set.index_of(4) == 1);
  CHECK(set.index_of(5) == -1);
  CHECK(set.contains(6));
  CHECK_FALSE(set.contains(0));
  CHECK(set.first() == 1);
  CHECK(set.last() == 6);
}
