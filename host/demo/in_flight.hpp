#pragma once
// Answers that run while senses come and go: are they what they would have been in quiet?

#include <functional>

#include "core/runtime/runtime.hpp"

namespace lateral::host::demo {

/// Asks long answers in quiet, then the same again while `disturb` runs over and over until they are done; true when
/// every one has the same ids and last logits. `inputs` is what their senses see. Each answer has its first token
/// before the disturbing begins, so that it holds the wiring of the quiet run.
bool unchanged_in_flight(runtime::Runtime& runtime, const std::vector<std::string>& questions,
                         const std::map<std::string, runtime::SensorData>& inputs,
                         const std::function<void()>& disturb);

}  // namespace lateral::host::demo
