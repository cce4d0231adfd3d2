#pragma once
// The text that describes an encoder network: layers separated by ';', each a name and whole numbers.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::plugins {

struct Step {
  std::string name;
  std::vector<std::int64_t> numbers;  ///< each in 1..65536
};

/// "conv 24 2 2; relu" as two steps. Which names there are and what they mean stands in network.hpp.
/// Throws sdk::Error LAT_DATA_LOSS for an unknown name, a number too many or too few, or one out of range.
std::vector<Step> parse_program(std::string_view program);

}  // namespace lateral::plugins
