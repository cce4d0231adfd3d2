#pragma once
// Setting data aside. Whole moments go to one side: two questions about one scene share its tokens.

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/training/example.hpp"

namespace lateral::training {

/// Of distinct `ids` a share drawn from `seed`: at least `fewest` and never all of them when there are two or more
/// and share > 0, else none.
std::set<std::string> held_out_ids(const std::vector<std::string>& ids, double share, std::uint64_t seed,
                                   std::int64_t fewest = 1);

struct Split {
  std::vector<const Example*> train, held_out;
};
/// The pointers refer to `examples`.
Split split(std::span<const Example> examples, double held_out_share, std::uint64_t seed);

}  // namespace lateral::training
