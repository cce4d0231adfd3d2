#pragma once
// One client of `lateral run --json`: commands go out, and answers that come between other events are no surprise.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/format/json.hpp"
#include "tests/storm/channel.hpp"

namespace lateral::storm {

/// One thread at a time. All members throw std::runtime_error when the host hangs up or breaks its own grammar.
class Conversation {
 public:
  using Landing = std::function<void(const format::json::Value& answer)>;

  explicit Conversation(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}

  /// Sends a command and waits for the event that ends it, which may be an error. Not for `/ask --bg`.
  format::json::Value does(const std::string& command);
  /// `/ask --bg`: `landing` gets the answer, or the error, during a later call.
  void asks(const std::string& question, Landing landing);
  /// Until every answer has landed.
  void settle();
  void send(const std::string& line) { channel_->send(line); }

  /// Some command ended with an error.
  bool failed() const { return failed_; }

 private:
  /// The next event that is not the landing of an answer.
  format::json::Value next();
  bool lands(const format::json::Value& event);

  std::unique_ptr<Channel> channel_;
  std::map<std::int64_t, Landing> flying_;
  std::int64_t number_ = 0;  ///< of the last event
  bool failed_ = false;
};

bool is_error(const format::json::Value& event);

}  // namespace lateral::storm
