#pragma once
// The command line of lateral-recipe.

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace lateral::recipe {

struct Command {
  bool help = false;
  bool quick = false;
  std::filesystem::path out = "models";         ///< where the models go
  std::filesystem::path work = "build/recipe";  ///< where checkpoints live
  std::set<std::string> stages;                 ///< empty = all
  std::uint64_t seed = 1;
  int threads = 1;
};

extern const char* const kUsage;
inline constexpr const char* kStages[] = {"tokenizer", "camera", "lidar", "language", "connection"};

/// Throws InvalidArgument naming what is wrong and what is possible.
Command parse_command(const std::vector<std::string>& arguments);

}  // namespace lateral::recipe
