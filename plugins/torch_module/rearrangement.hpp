#pragma once
// How a tensor of a module becomes rows: "1 e h w -> (h w) e".
//
// Left: a name for each axis, or 1 where its size must be 1. Right: what makes the rows, then what makes the columns; each
// is a name, a list of names in parentheses, or 1. Names that are missing on the right are averaged over.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::plugins {

struct Rearrangement {
  std::size_t rank = 0;              ///< axes of the tensor
  std::vector<std::size_t> single;   ///< axes whose size must be 1
  std::vector<std::size_t> rows;     ///< axes, in the order in which they are laid out
  std::vector<std::size_t> columns;  ///< likewise
  std::vector<std::size_t> averaged;
  std::string text;
};

/// Throws sdk::Error LAT_INVALID_ARGUMENT, saying what is wrong with the text.
Rearrangement parse_rearrangement(std::string_view text);

}  // namespace lateral::plugins
