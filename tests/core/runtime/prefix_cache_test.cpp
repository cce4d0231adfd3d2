// What is kept of recent questions is bounded, in their number and in bytes.

#include "core/runtime/prefix_cache.hpp"

#include "core/runtime/language.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using runtime::PrefixCache;

namespace {

constexpr std::int64_t kFirstBlock = 2;
constexpr std::int64_t kPlenty = std::int64_t{1} << 30;

/// A language, and how often a prefix was made.
struct Reader {
  test::TinyWorld world;
  config::Config config = world.config();
  runtime::Language language{config.model, config.run.stop};
  int made = 0;

  model::Prefix make(const model::Ids& prompt, std::int64_t first_block = kFirstBlock) {
    ++made;
    return model::make_prefix(language.decoder(), {prompt}, first_block, 8);
  }
  PrefixCache::Kept read(PrefixCache& cache, const model::Ids& prompt,
                         std::int64_t first_block = kFirstBlock) {
    return cache.get(prompt, first_block, [&] { return make(prompt, first_block); });
  }
  std::int64_t bytes_of(const model::Ids& prompt) {
    PrefixCache cache(kPlenty);
    read(cache, prompt);
    return cache.bytes();
  }
};

}  // namespace

TEST_CASE("a prefix is made once, for its words and its block") {
  Reader reader;
  PrefixCache cache;
  const auto first = reader.read(cache, {2, 3, 4});
  CHECK(reader.read(cache, {2, 3, 4}) == first);
  CHECK(reader.made == 1);
  CHECK(reader.read(cache, {2, 3, 5}) != first);
  CHECK(reader.read(cache, {2, 3, 4}, 3)->first_block == 3);
  CHECK(cache.size() == 3);
}

TEST_CASE("beyond its bytes the least recently used prefix goes, and one that is larger is not kept") {
  Reader reader;
  const std::int64_t each = reader.bytes_of({2, 3, 4});
  REQUIRE(each > 0);
  PrefixCache cache(2 * each);
  reader.read(cache, {2, 3, 4});
  reader.read(cache, {3, 4, 5});
  reader.read(cache, {2, 3, 4});
  reader.read(cache, {4, 5, 6});
  CHECK(cache.size() == 2);
  CHECK(cache.bytes() == 2 * each);
  reader.made = 0;
  reader.read(cache, {2, 3, 4});
  CHECK(reader.made == 0);
  reader.read(cache, {3, 4, 5});
  CHECK(reader.made == 1);

  const model::Ids long_prompt(60, 5);
  REQUIRE(reader.bytes_of(long_prompt) > 2 * each);
  CHECK(reader.read(cache, long_prompt)->prompts.front() == long_prompt);
  CHECK(cache.size() == 2);
  CHECK(cache.bytes() == 2 * each);
}

TEST_CASE("no more than 32 prefixes are kept, however small they are") {
  Reader reader;
  PrefixCache cache(kPlenty);
  for (std::int64_t id = 2; id < 42; ++id) reader.read(cache, {id, id});
  CHECK(cache.size() == 32);
  CHECK(cache.bytes() == 32 * reader.bytes_of({2, 2}));
}

TEST_CASE("a question that two ask at once is kept once, and both get that") {
  Reader reader;
  PrefixCache cache(kPlenty);
  const model::Ids prompt{2, 3, 4};
  PrefixCache::Kept quicker;
  const auto slower = cache.get(prompt, kFirstBlock, [&] {
    quicker = reader.read(cache, prompt);
    return reader.make(prompt);
  });
  CHECK(reader.made == 2);
  CHECK(slower == quicker);
  CHECK(cache.size() == 1);
  CHECK(cache.bytes() == reader.bytes_of(prompt));
}
