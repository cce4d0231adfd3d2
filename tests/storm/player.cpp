#include "tests/storm/player.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/storm/watch.hpp"

namespace lateral::storm {
namespace {

using format::json::Value;

template <typename T>
const T& one_of(const std::vector<T>& all, Random& random) {
  return all[random.below(static_cast<std::uint32_t>(all.size()))];
}

std::string text_of(const Value& event, std::string_view member) {
  return std::string(event.at(member).as_string());
}

/// What commands that race with others, or bring in a bad plugin, may end with.
bool may_be(const std::string& code) {
  return code != "Internal" && code != "Cancelled";
}

}  // namespace

void Player::move() {
  const std::uint32_t draw = random_.below(100);
  if (draw < 25) return ask();
  if (draw < 48) return ask_in_background();
  if (draw < 58) return show(some_sense());
  if (draw < 66) return load(some_sense());
  if (draw < 71) return unload(some_sense());
  if (draw < 78) return upgrade(some_sense());
  if (draw < 82) return rollback(some_sense());
  if (draw < 89) return wire();
  if (draw < 93) return kill_a_worker();
  if (draw < 95) return void(does("status", "/status"));
  if (!play_.stage.bad().empty()) invite(one_of(play_.stage.bad(), random_));
}

Value Player::does(const std::string& move, const std::string& command) {
  Value event = host_.does(command);
  if (!is_error(event)) {
    play_.tally.count(move);
    return event;
  }
  const std::string code = text_of(event, "code");
  play_.tally.count(move + " (" + code + ")");
  if (!may_be(code)) play_.tally.complain(command + ": " + code + ": " + text_of(event, "message"));
  return event;
}

void Player::exchange(const Sense& sense, const std::string& move, const std::string& command) {
  const auto& versions = play_.references.versions(sense.id);
  const auto change = play_.ledger.begin(version_fact(sense.id), {versions.begin(), versions.end()});
  const Value event = does(move, command);
  play_.ledger.end(change, is_error(event) ? std::nullopt : std::optional(text_of(event, "version")));
}

void Player::load(const Sense& sense) {
  exchange(sense, "load", "/load " + sense.id);
  show(sense);
}

void Player::unload(const Sense& sense) {
  const Value event = does("unload", "/unload " + sense.id);
  if (!is_error(event) && text_of(event, "outcome") != "unmapped")
    play_.tally.complain(sense.id + " was unloaded and is " + text_of(event, "outcome") + ": " +
                         text_of(event, "reason"));
}

void Player::show(const Sense& sense) {
  const auto& input = one_of(sense.inputs, random_);
  const auto change = play_.ledger.begin(input_fact(sense.id), {input});
  const Value event = does("input", "/input " + sense.id + " " + input);
  play_.ledger.end(change, is_error(event) ? std::nullopt : std::optional(input));
}

void Player::upgrade(const Sense& sense) {
  exchange(sense, "upgrade", "/upgrade " + sense.id + " " + one_of(sense.revisions, random_).string());
}

void Player::rollback(const Sense& sense) {
  exchange(sense, "rollback", "/rollback " + sense.id);
}

void Player::wire() {
  std::string command = "/wire";
  for (const auto& sense : play_.stage.senses()) {
    if (random_.chance(0.5F)) command += " " + sense.id;
  }
  does("wire", command);
}

void Player::kill_a_worker() {
  const auto workers = children_of(play_.host);
  if (workers.empty()) return;
  constexpr std::array signals{SIGKILL, SIGSEGV, SIGABRT};
  const int signal = signals[random_.below(signals.size())];
  if (::kill(one_of(workers, random_), signal) == 0)
    play_.tally.count("kill -" + std::string(::sigabbrev_np(signal)));
}

void Player::invite(const Bad& bad) {
  if (is_error(does("load of a bad plugin", "/load " + bad.file.string()))) return;
  does("input of a bad plugin", "/input " + bad.id + " " + bad.input);
  ask();
  ask_in_background();
  does("unload of a bad plugin", "/unload " + bad.id);
}

void Player::ask() {
  const auto since = play_.ledger.now();
  judge(host_.does("/ask " + some_question()), since);
}

void Player::ask_in_background() {
  const auto since = play_.ledger.now();
  host_.asks(some_question(), [this, since](const Value& answer) { judge(answer, since); });
}

void Player::judge(const Value& answer, const Ledger::Moment& since) {
  if (is_error(answer)) {
    play_.tally.count("no answer");
    return play_.tally.complain("a question failed: " + text_of(answer, "message"));
  }
  play_.tally.count("answer");
  play_.tally.count("answer with " + std::to_string(answer.at("senses").size()) + " senses");
  if (answer.at("missing").size() > 0) play_.tally.count("answer that misses a sense");
  switch (play_.references.judge(answer, play_.ledger, since)) {
    case References::Verdict::One:
      return play_.tally.count("answer compared with the only right one");
    case References::Verdict::Several:
      return play_.tally.count("answer compared with the right ones of that moment");
    case References::Verdict::Wrong:
      std::string senses;
      for (std::size_t i = 0; i < answer.at("senses").size(); ++i)
        senses += " " + std::string(answer.at("senses")[i].as_string());
      play_.tally.count("wrong answer");
      play_.tally.complain("a wrong answer, logits " + text_of(answer, "logits") + ", senses:" + senses);
  }
}

void Player::clear_the_stage() {
  while (true) {
    const Value status = does("status", "/status");
    const Value plugins = status.at("plugins");
    if (plugins.size() == 0 && status.at("answers_running").as_int() == 0) return;
    for (std::size_t i = 0; i < plugins.size(); ++i) does("unload", "/unload " + text_of(plugins[i], "id"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

const Sense& Player::some_sense() {
  return one_of(play_.stage.senses(), random_);
}

std::string Player::some_question() {
  return one_of(kQuestions, random_);
}

}  // namespace lateral::storm
