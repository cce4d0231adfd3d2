#pragma once
// Sizes, rates and seeds of everything that is made. Every number that decides the result stands here.

#include <cstdint>
#include <string>
#include <vector>

#include "models/recipe/connection.hpp"
#include "models/recipe/encoder.hpp"
#include "models/recipe/language.hpp"
#include "models/recipe/vocabulary.hpp"

namespace lateral::recipe {

struct Plan {
  VocabularyPlan vocabulary;
  EncoderPlan camera, lidar;
  LanguagePlan language;
  ConnectionPlan connection;

  /// What must be reached; less means that nothing was learned, and the program says so with its exit status.
  double least_encoder = 0;  ///< objects whose kind is right
  double least_sense = 0;    ///< questions answered with the oracle attached
  double least_copies = 0;   ///< held-out labels repeated right
  double least_day = 0;      ///< questions answered with the camera attached by day
};

/// The models in this repository.
Plan full_plan(std::uint64_t seed);
/// Tiny ones, in two minutes, to see that every part still learns.
Plan quick_plan(std::uint64_t seed);

}  // namespace lateral::recipe
