#include "core/dataset/split_rule.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::dataset;

namespace {

std::set<std::string> groups(int count) {
  std::set<std::string> names;
  for (int i = 0; i < count; ++i) names.insert("g" + std::to_string(i));
  return names;
}

std::map<std::string, int> counts(const std::map<std::string, std::string>& splits) {
  std::map<std::string, int> count;
  for (const auto& [group, split] : splits) ++count[split];
  return count;
}

}  // namespace

TEST_CASE("a rule that cannot hold is refused, naming what there is") {
  const auto refusal = [](const SplitRule& rule, int count) {
    const auto thrown = test::thrown_by([&] { split_groups(groups(count), rule); });
    CHECK(thrown.code == Errc::InvalidArgument);
    return thrown.message;
  };
  CHECK(refusal({.all = "tests"}, 3).find("'tests' is no split") != std::string::npos);
  CHECK(refusal({.val = {}, .test = {"g9"}}, 3).find("there are g0, g1, g2") != std::string::npos);
  CHECK(refusal({.val = {"g1"}, .test = {"g1"}}, 3).find("in val and in test") != std::string::npos);
  CHECK(refusal({.val_share = 0.5, .test_share = 0.6}, 3).find("so is their sum") != std::string::npos);
  CHECK(refusal({.val_share = -0.1}, 3).find("from 0 to 1") != std::string::npos);
  CHECK(refusal({.val_share = 0, .test_share = 0.9}, 2).find("2 groups cannot") != std::string::npos);
  CHECK(refusal({.val = {}, .test = {"x"}}, 11).find("g8, ...") != std::string::npos);
  CHECK(refusal({}, 1).find("1 groups cannot be shared out") != std::string::npos);
}

TEST_CASE("groups are shared out by the seed, or go where they are named") {
  const auto splits = split_groups(groups(10), {.val_share = 0.1, .test_share = 0.3});
  CHECK(counts(splits) == std::map<std::string, int>{{"train", 6}, {"val", 1}, {"test", 3}});
  CHECK(splits == split_groups(groups(10), {.val_share = 0.1, .test_share = 0.3}));
  CHECK(splits != split_groups(groups(10), {.val_share = 0.1, .test_share = 0.3, .seed = 2}));
  const auto named = split_groups(groups(4), {.val = {"g1"}, .test = {"g2"}});
  CHECK(named ==
        std::map<std::string, std::string>{{"g0", "train"}, {"g1", "val"}, {"g2", "test"}, {"g3", "train"}});
  CHECK(counts(split_groups(groups(1), {.all = "test"})) == std::map<std::string, int>{{"test", 1}});
  CHECK(counts(split_groups(groups(1), {.val_share = 0, .test_share = 1})) ==
        std::map<std::string, int>{{"test", 1}});
}
