#pragma once
// Questions about recordings, answered with what is attached, and the controls beside them.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/connector/wiring.hpp"
#include "core/runtime/language.hpp"
#include "core/runtime/runtime.hpp"
#include "core/training/evaluate.hpp"
#include "core/training/senses.hpp"

namespace lateral::runtime {

/// Every question with an answer of the recordings whose split is in `splits` (empty = all).
std::vector<training::Example> examples_of(const Language& language, const std::vector<Recording>& recordings,
                                           const std::set<std::string>& splits);

/// The wiring's connections with the tokens that their senses make of the recordings' data.
training::Senses senses_of(const connector::Wiring& wiring, const std::vector<Recording>& recordings,
                           int layers, Control control, std::uint64_t seed);

/// As Runtime::evaluate, with a given wiring.
Evaluation evaluate(const Language& language, const connector::Wiring& wiring,
                    const EvaluateRequest& request);

/// For WorkProgress callbacks of training's progress.
training::ProgressCallback progress_to(const std::function<void(const WorkProgress&)>& callback);

}  // namespace lateral::runtime
