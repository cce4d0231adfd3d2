#pragma once
// What every import is given beside its own options: how to show how far it is, and how to stop it.

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/base/cancel.hpp"

namespace lateral::dataset {

struct Work {
  CancelToken cancel = {};
  std::function<void(std::string_view phase, std::int64_t step, std::int64_t steps)> progress = {};

  /// Shows the step; throws Cancelled once somebody asked to stop.
  void at(std::string_view phase, std::int64_t step, std::int64_t steps) const {
    cancel.check("import");
    if (progress) progress(phase, step, steps);
  }
};

}  // namespace lateral::dataset
