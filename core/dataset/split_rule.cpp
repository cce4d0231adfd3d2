#include "core/dataset/split_rule.hpp"

#include <cmath>
#include <span>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace lateral::dataset {
namespace {

using Splits = std::map<std::string, std::string>;
constexpr std::size_t kListed = 10;

std::string listed(const std::set<std::string>& groups) {
  std::string text;
  std::size_t left = kListed;
  for (const std::string& group : groups) {
    if (left-- == 0) return text + ", ...";
    text += (text.empty() ? "" : ", ") + shown(group);
  }
  return text;
}

void assign(Splits& splits, const std::set<std::string>& groups, const std::vector<std::string>& names,
            const std::string& split) {
  for (const std::string& name : names) {
    const auto at = splits.find(name);
    if (at == splits.end())
      fail(Errc::InvalidArgument, "import", "there is no group '", name, "' for ", split, "; there are ",
           listed(groups));
    if (at->second != "train" && at->second != split)
      fail(Errc::InvalidArgument, "import", "group '", name, "' cannot be in val and in test");
    at->second = split;
  }
}

void share_out(Splits& splits, const SplitRule& rule) {
  const auto is_share = [](double share) { return share >= 0 && share <= 1; };
  if (!is_share(rule.val_share) || !is_share(rule.test_share) || rule.val_share + rule.test_share > 1) {
    fail(Errc::InvalidArgument, "import", "shares of ", rule.val_share, " for val and ", rule.test_share,
         " for test; each is from 0 to 1, and so is their sum");
  }
  std::vector<std::string*> order;
  for (auto& [group, split] : splits) order.push_back(&split);
  Random(rule.seed).shuffle(std::span(order));
  const auto count = static_cast<double>(order.size());
  const auto test = static_cast<std::size_t>(std::lround(count * rule.test_share));
  const auto kept = static_cast<std::size_t>(std::lround(count * (rule.test_share + rule.val_share)));
  for (std::size_t i = 0; i < kept; ++i) *order[i] = i < test ? "test" : "val";
  const bool both = rule.val_share + rule.test_share > 0 && rule.val_share + rule.test_share < 1;
  if (both && (kept == 0 || kept == order.size())) {
    fail(Errc::InvalidArgument, "import", order.size(), " groups cannot be shared out, ", rule.test_share,
         " to test and ", rule.val_share, " to val; put everything in one split with --split");
  }
}

}  // namespace

Splits split_groups(const std::set<std::string>& groups, const SplitRule& rule) {
  if (!rule.all.empty() && rule.all != "train" && rule.all != "val" && rule.all != "test")
    fail(Errc::InvalidArgument, "import", "'", rule.all, "' is no split; there are train, val and test");
  Splits splits;
  for (const std::string& group : groups) splits.emplace(group, rule.all.empty() ? "train" : rule.all);
  if (!rule.all.empty() || groups.empty()) return splits;
  if (rule.val.empty() && rule.test.empty()) {
    share_out(splits, rule);
  } else {
    assign(splits, groups, rule.val, "val");
    assign(splits, groups, rule.test, "test");
  }
  return splits;
}

}  // namespace lateral::dataset
