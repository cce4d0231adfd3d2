#pragma once
// Standard output: answers and JSON, nothing else.

#include <string_view>

#include "core/runtime/runtime.hpp"
#include "host/progress_line.hpp"

namespace lateral::host {

/// One whole line, flushed, so that a pipe sees it at once.
void print_line(std::string_view text);

/// Draws a runtime's progress on the terminal.
std::function<void(const runtime::WorkProgress&)> progress_on(ProgressLine& line);

}  // namespace lateral::host
