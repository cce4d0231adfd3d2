#include "host/events.hpp"

#include <exception>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/runtime/caught.hpp"

namespace lateral::host {

EventSink::EventSink(bool json, std::function<void(std::string_view)> write)
    : json_(json), write_(std::move(write)) {}

void EventSink::emit(std::string_view kind, std::string_view text, const Members& members) {
  const std::lock_guard lock(mutex_);
  if (!json_) {
    if (!text.empty()) write_(text);
    return;
  }
  format::json::Writer json;
  json.begin_object().member("n", ++number_).member("event", kind);
  if (members) members(json);
  json.end_object();
  write_(std::move(json).text());
}

void EventSink::error(std::string_view command, const std::exception& error) {
  const std::string_view code = name_of(runtime::errc_of(error));
  emit("error", std::string("error: ") + error.what(), [&](format::json::Writer& json) {
    json.member("command", command).member("code", code).member("message", std::string_view(error.what()));
  });
}

void add_strings(format::json::Writer& json, std::string_view name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

std::string joined(const std::vector<std::string>& values, std::string_view nothing) {
  if (values.empty()) return std::string(nothing);
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ", ") + value;
  return out;
}

}  // namespace lateral::host
