#pragma once
// All stages in their order.

#include <functional>
#include <string>

#include "core/base/cancel.hpp"
#include "core/training/progress.hpp"
#include "models/recipe/command.hpp"
#include "models/recipe/plan.hpp"

namespace lateral::recipe {

struct Kitchen {
  Command command;
  Plan plan;
  CancelToken cancel;
  training::ProgressCallback progress;
  std::function<void(const std::string&)> say;  ///< a line for people: what was reached
};

/// Makes what the command asks for. Returns whether everything reached what the plan demands. Each stage writes its
/// numbers to OUT/reports/STAGE.json. Throws Cancelled when asked to stop, and what the stages throw.
bool cook(const Kitchen& kitchen);

}  // namespace lateral::recipe
