#pragma once
// A client that does to the host whatever comes to its mind, and compares every answer with those of a quiet host.

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/random.hpp"
#include "tests/storm/conversation.hpp"
#include "tests/storm/ledger.hpp"
#include "tests/storm/references.hpp"
#include "tests/storm/stage.hpp"
#include "tests/storm/tally.hpp"

namespace lateral::storm {

/// What all players share.
struct Play {
  const Stage& stage;
  const References& references;
  pid_t host;
  Ledger ledger{};
  Tally tally{};
};

/// One thread at a time. All members throw what Conversation throws; what the host may not do is a complaint.
class Player {
 public:
  Player(Play& play, std::unique_ptr<Channel> channel, std::uint64_t seed)
      : play_(play), host_(std::move(channel)), random_(seed) {}

  /// Of the pipe, once: waits for the event that says so.
  void ready() { host_.does(""); }
  /// One move, drawn at random.
  void move();
  /// Until every answer has landed.
  void settle() { host_.settle(); }

  void load(const Sense& sense);
  void ask();
  void ask_in_background();
  /// Unloads whatever is loaded, and waits for running answers.
  void clear_the_stage();

  void send(const std::string& line) { host_.send(line); }
  bool failed() const { return host_.failed(); }

 private:
  format::json::Value does(const std::string& move, const std::string& command);
  void unload(const Sense& sense);
  void show(const Sense& sense);
  void upgrade(const Sense& sense);
  void rollback(const Sense& sense);
  void exchange(const Sense& sense, const std::string& move, const std::string& command);
  void wire();
  void kill_a_worker();
  void invite(const Bad& bad);
  void judge(const format::json::Value& answer, const Ledger::Moment& since);

  const Sense& some_sense();
  std::string some_question();

  Play& play_;
  Conversation host_;
  Random random_;
};

}  // namespace lateral::storm
