#pragma once
// Which part of a data set is learned from, and which is kept for judging. Parts are split by group: what was
// recorded by one speaker, person, drive or physical object stays together, or the judging part is known
// already.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lateral::dataset {

struct SplitRule {
  std::string all = {};  ///< not empty: everything belongs to this split
  std::vector<std::string> val = {},
                           test =
                               {};  ///< groups by name; the rest is "train". When both are empty, by share:
  double val_share = 0, test_share = 0.3;  ///< of the groups, in an order made from the seed
  std::uint64_t seed = 1;
};

/// The split of every group. The same groups and rule give the same splits. Throws InvalidArgument: an
/// unknown split or group, a group in both lists, shares outside [0, 1] or above 1 together, shares of a
/// single group.
std::map<std::string, std::string> split_groups(const std::set<std::string>& groups, const SplitRule& rule);

}  // namespace lateral::dataset
