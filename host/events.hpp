#pragma once
// What `lateral run` tells: for people one line of text, with --json one JSON object a line, numbered.

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "core/format/json.hpp"

namespace lateral::host {

/// Adds the members of one event to an open JSON object.
using Members = std::function<void(format::json::Writer&)>;

/// Where the events of one channel go. Thread-safe: a line is written whole.
class EventSink {
 public:
  /// `write` gets whole lines without their line break, or, for raw text, pieces of one.
  EventSink(bool json, std::function<void(std::string_view text)> write);

  bool json() const { return json_; }

  /// {"n": 1, "event": KIND, ...} or `text`; an empty text prints nothing for people.
  void emit(std::string_view kind, std::string_view text, const Members& members = {});
  /// The failure of what was asked; the command goes on with the next line.
  void error(std::string_view command, const std::exception& error);

 private:
  const bool json_;
  const std::function<void(std::string_view)> write_;
  std::mutex mutex_;
  std::int64_t number_ = 0;
};

/// Adds `name`: ["...", ...].
void add_strings(format::json::Writer& json, std::string_view name, const std::vector<std::string>& values);

/// "a, b" or, for none, `nothing`.
std::string joined(const std::vector<std::string>& values, std::string_view nothing = "nothing");

}  // namespace lateral::host
