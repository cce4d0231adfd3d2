#include "host/output.hpp"

#include <cstdio>

#include "host/describe.hpp"

namespace lateral::host {

void print_line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

std::function<void(const runtime::WorkProgress&)> progress_on(ProgressLine& line) {
  return [&line](const runtime::WorkProgress& progress) {
    line.show(progress.phase, progress.step, progress.steps, progress.seconds_left,
              progress.loss > 0 ? "loss " + rounded(progress.loss, 3) : std::string());
  };
}

}  // namespace lateral::host
