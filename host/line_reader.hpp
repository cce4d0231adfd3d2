#pragma once
// Lines from a descriptor, until it ends or somebody says stop: the same for terminal, pipe and socket.

#include <cstddef>
#include <optional>
#include <string>

namespace lateral::host {

/// A wake-up that many threads can wait for beside their descriptor. Once set it stays set. Thread-safe.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void set() const;
  bool is_set() const;
  int descriptor() const { return fd_; }  ///< readable once set

 private:
  int fd_;
};

/// Not thread-safe; borrows both.
class LineReader {
 public:
  static constexpr std::size_t kMaxLine = 64 << 10;

  LineReader(int descriptor, const StopSignal& stop) : descriptor_(descriptor), stop_(stop) {}

  /// The next line without its line break, the last one even without; nothing at the end, on an error or after stop.
  /// Throws InvalidArgument for a line above kMaxLine, which is then skipped: the next call goes on behind it.
  std::optional<std::string> next();

 private:
  bool fill();
  std::optional<std::string> take_line();

  int descriptor_;
  const StopSignal& stop_;
  std::string buffer_;
  bool ended_ = false;
  bool skipping_ = false;
};

}  // namespace lateral::host
