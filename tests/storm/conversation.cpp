#include "tests/storm/conversation.hpp"

#include <stdexcept>

namespace lateral::storm {

using format::json::Value;

bool is_error(const Value& event) {
  return event.at("event").as_string() == "error";
}

Value Conversation::does(const std::string& command) {
  channel_->send(command);
  while (true) {
    Value event = next();
    if (!lands(event)) return event;
  }
}

void Conversation::asks(const std::string& question, Landing landing) {
  const Value event = does("/ask --bg " + question);
  if (is_error(event)) return landing(event);
  flying_[event.at("ask").as_int()] = std::move(landing);
}

void Conversation::settle() {
  while (!flying_.empty()) {
    if (const Value event = next(); !lands(event))
      throw std::runtime_error("an event that nobody asked for: " +
                               std::string(event.at("event").as_string()));
  }
}

Value Conversation::next() {
  const std::string line = channel_->line();
  if (line.empty()) throw std::runtime_error("the host hung up");
  Value event = format::json::parse(line, "event");
  if (event.at("n").as_int() != ++number_) throw std::runtime_error("a number is missing before " + line);
  failed_ = failed_ || is_error(event);
  return event;
}

bool Conversation::lands(const Value& event) {
  if (is_error(event) && event.at("command").as_string().starts_with("/ask --bg")) {
    throw std::runtime_error("an answer failed: " + std::string(event.at("message").as_string()));
  }
  if (event.at("event").as_string() != "answer") return false;
  const auto flight = flying_.find(event.at("ask").as_int());
  if (flight == flying_.end()) return false;
  const auto landing = std::move(flight->second);
  flying_.erase(flight);
  landing(event);
  return true;
}

}  // namespace lateral::storm
