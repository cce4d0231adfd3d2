#include "core/plugin/worker/line_log.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr std::size_t kMaxLine = 4096;
constexpr unsigned kLinesPerSecond = 100;

/// Takes "<N>" off the line.
log::Level level_of(std::string_view& line) {
  if (line.size() < 3 || line[0] != '<' || line[2] != '>' || line[1] < '0' || line[1] > '4')
    return log::Level::Info;
  const auto level = static_cast<log::Level>(line[1] - '0');
  line.remove_prefix(3);
  return level;
}

}  // namespace

LineLog::~LineLog() {
  if (!begun_.empty()) write(begun_);
  tell_dropped();
}

void LineLog::take(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    begun_ += piece.substr(0, std::min(end, kMaxLine - begun_.size()));
    if (end == piece.npos && begun_.size() < kMaxLine) return;
    if (end != piece.npos || begun_.size() == kMaxLine) {
      write(begun_);
      begun_.clear();
    }
    if (end == piece.npos) return;
    piece.remove_prefix(end + 1);
  }
}

void LineLog::write(std::string_view line) {
  const log::Level level = level_of(line);
  if (level < log::level()) return;
  if (allowed())
    log::write(level, component_, shown(line, kMaxLine));
  else
    ++dropped_;
}

bool LineLog::allowed() {
  const auto now = std::chrono::steady_clock::now();
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    in_second_ = 0;
    tell_dropped();
  }
  return ++in_second_ <= kLinesPerSecond;
}

void LineLog::tell_dropped() {
  if (dropped_ > 0) log::warn(component_, "printed too much; ", dropped_, " lines were dropped");
  dropped_ = 0;
}

}  // namespace lateral::plugin::worker
