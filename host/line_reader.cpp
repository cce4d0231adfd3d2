#include "host/line_reader.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::host {
namespace {

[[noreturn]] void refuse_long_line() {
  fail(Errc::InvalidArgument, "run", "a line of more than ", LineReader::kMaxLine,
       " bytes is no command; it is skipped");
}

}  // namespace

StopSignal::StopSignal() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0)
    fail(Errc::ResourceExhausted, "run", "cannot make an event descriptor: ", std::strerror(errno));
}

StopSignal::~StopSignal() {
  ::close(fd_);
}

void StopSignal::set() const {
  const std::uint64_t one = 1;
  while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

bool StopSignal::is_set() const {
  pollfd now{fd_, POLLIN, 0};
  return ::poll(&now, 1, 0) == 1;
}

std::optional<std::string> LineReader::take_line() {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

// More bytes in the buffer; false at the end of input or after stop.
bool LineReader::fill() {
  for (;;) {
    std::array<pollfd, 2> waiting{{{descriptor_, POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    if ((waiting[1].revents & POLLIN) != 0) return false;
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(descriptor_, chunk.data(), chunk.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return false;
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }
}

std::optional<std::string> LineReader::next() {
  for (;;) {
    // What was read before the stop is not a command any more.
    if (stop_.is_set()) return std::nullopt;
    if (auto line = take_line()) {
      if (std::exchange(skipping_, false)) continue;  // the rest of a line that was too long
      if (line->size() > kMaxLine) refuse_long_line();
      return line;
    }
    if (buffer_.size() > kMaxLine) {
      buffer_.clear();
      if (!std::exchange(skipping_, true)) refuse_long_line();
    }
    if (ended_ || !fill()) {
      ended_ = true;
      if (buffer_.empty() || skipping_ || stop_.is_set()) return std::nullopt;
      return std::exchange(buffer_, {});
    }
  }
}

}  // namespace lateral::host
