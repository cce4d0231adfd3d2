#include "core/training/held_out.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/random.hpp"

namespace lateral::training {

std::set<std::string> held_out_ids(const std::vector<std::string>& ids, double share, std::uint64_t seed,
                                   std::int64_t fewest) {
  const std::set<std::string> distinct(ids.begin(), ids.end());
  if (distinct.size() < 2 || share <= 0) return {};
  std::vector<std::string> order(distinct.begin(), distinct.end());
  Random(seed).shuffle(std::span<std::string>(order));
  const std::int64_t wanted = std::lround(share * static_cast<double>(order.size()));
  const auto most = static_cast<std::int64_t>(order.size()) - 1;
  order.resize(static_cast<std::size_t>(std::clamp(wanted, std::min(fewest, most), most)));
  return {order.begin(), order.end()};
}

Split split(std::span<const Example> examples, double held_out_share, std::uint64_t seed) {
  std::vector<std::string> ids;
  for (const auto& example : examples) ids.push_back(example.sample);
  const auto aside = held_out_ids(ids, held_out_share, seed);
  Split split;
  for (const auto& example : examples) {
    (aside.count(example.sample) != 0 ? split.held_out : split.train).push_back(&example);
  }
  return split;
}

}  // namespace lateral::training
