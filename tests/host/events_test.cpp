#include "host/events.hpp"

#include <filesystem>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::host;
using format::json::Writer;
using Lines = std::vector<std::string>;

TEST_CASE("JSON events are one object a line, numbered from 1") {
  Lines lines;
  EventSink events(true, [&](std::string_view line) { lines.emplace_back(line); });
  events.emit("ready", "ignored", [](Writer& json) { json.member("x", 1); });
  events.emit("done", {});
  events.error("/load x", Error(Errc::NotFound, "plugin", "no \"x\"\n\xFF"));
  events.error("/ask", std::runtime_error("odd"));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == R"({"n":1,"event":"ready","x":1})");
  CHECK(lines[1] == R"({"n":2,"event":"done"})");
  const auto error = format::json::parse(lines[2], "event");
  CHECK(error.at("n").as_int(3, 3) == 3);
  CHECK(error.at("event").as_string() == "error");
  CHECK(error.at("code").as_string() == "NotFound");
  CHECK(error.at("command").as_string() == "/load x");
  CHECK(lines[2].find('\n') == std::string::npos);
  CHECK(format::json::parse(lines[3], "event").at("code").as_string() == "Internal");
}

TEST_CASE("what the standard library throws has a code, too") {
  Lines lines;
  EventSink events(true, [&](std::string_view line) { lines.emplace_back(line); });
  events.error("",
               std::filesystem::filesystem_error("no", std::make_error_code(std::errc::permission_denied)));
  events.error("", std::bad_alloc());
  events.error("", std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again)));
  REQUIRE(lines.size() == 3);
  const auto code = [&](std::size_t i) {
    return std::string(format::json::parse(lines[i], "event").at("code").as_string());
  };
  CHECK(code(0) == "Io");
  CHECK(code(1) == "ResourceExhausted");
  CHECK(code(2) == "ResourceExhausted");
}

TEST_CASE("people get text, and nothing for an event without any") {
  Lines lines;
  EventSink events(false, [&](std::string_view line) { lines.emplace_back(line); });
  events.emit("ready", "hello", [](Writer&) { FAIL("nobody wants JSON"); });
  events.emit("progress", {});
  events.error("/load", std::runtime_error("no"));
  CHECK(lines == Lines{"hello", "error: no"});
}

TEST_CASE("events of many threads are whole lines with distinct numbers") {
  Lines lines;
  EventSink events(true, [&](std::string_view line) { lines.emplace_back(line); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) events.emit("e", {});
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(lines.size() == 200);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(lines[i] == R"({"n":)" + std::to_string(i + 1) + R"(,"event":"e"})");
  }
}
