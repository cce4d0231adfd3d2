#pragma once
// Two ways to speak with a host: the pipe that is its standard input, and its control socket. Lines in both directions.

#include <filesystem>
#include <string>

#include "tests/support/process.hpp"

namespace lateral::storm {

/// One thread at a time.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Throws std::runtime_error when the host reads no more.
  virtual void send(const std::string& line) = 0;
  /// The next line; empty when the host hung up.
  virtual std::string line() = 0;
};

class PipeChannel : public Channel {
 public:
  explicit PipeChannel(test::Process& process) : process_(process) {}
  void send(const std::string& line) override { process_.write(line); }
  std::string line() override { return process_.line(); }

 private:
  test::Process& process_;
};

class SocketChannel : public Channel {
 public:
  /// Throws std::runtime_error when nobody listens.
  explicit SocketChannel(const std::filesystem::path& path);
  ~SocketChannel() override;
  SocketChannel(const SocketChannel&) = delete;
  SocketChannel& operator=(const SocketChannel&) = delete;

  void send(const std::string& line) override;
  std::string line() override;

 private:
  int descriptor_;
};

}  // namespace lateral::storm
