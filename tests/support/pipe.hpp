#pragma once
// A pipe whose ends close with it, or before.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string_view>

#include "tests/support/catch.hpp"

namespace lateral::test {

class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends_[0]);
    close_writing();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(ends_[1], text.data(), text.size());
      // No assertion of Catch's: it knows one thread, and this may be another one.
      if (written <= 0) throw std::runtime_error("a pipe took nothing");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void close_writing() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace lateral::test
