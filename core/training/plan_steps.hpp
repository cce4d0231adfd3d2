#pragma once
// Turning a budget into a number of steps.

#include <chrono>
#include <cstdint>

#include "core/training/trainer.hpp"

namespace lateral::training {

/// The steps that `budget` allows from now on, at least 1. A budget in seconds is measured by a few real
/// steps whose effect on the parameters is taken back, and by one held-out pass. Throws Cancelled.
std::int64_t plan_steps(const Task& task, const Budget& budget, const CancelToken& cancel,
                        std::chrono::steady_clock::time_point started);

}  // namespace lateral::training
