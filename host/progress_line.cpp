#include "host/progress_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace lateral::host {
namespace {

constexpr int kBarWidth = 24;

std::string bar(std::int64_t step, std::int64_t steps) {
  const auto full = steps <= 0 ? 0 : std::clamp<std::int64_t>(step * kBarWidth / steps, 0, kBarWidth);
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - full), '.');
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputc('\n', stderr);
}

void ProgressLine::show(const std::string& phase, std::int64_t step, std::int64_t steps, double seconds_left,
                        const std::string& detail) {
  if (!terminal_) return;
  std::string text =
      phase + " [" + bar(step, steps) + "] " + std::to_string(step) + "/" + std::to_string(steps);
  if (!detail.empty()) text += "  " + detail;
  if (seconds_left >= 0) text += "  " + duration_text(seconds_left) + " left";
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

}  // namespace lateral::host
