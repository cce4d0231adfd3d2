#include "host/session.hpp"

#include <mutex>
#include <string>
#include <vector>

#include "core/format/json.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::host;

namespace {

/// A session of its own over a tiny world, and what it told.
class Channel {
 public:
  explicit Channel(const test::TinyWorld& world,
                   const std::string& connections = test::connection("template"))
      : runtime_(world.config("[adapt]\nmax_steps = 20\naligner_hidden = 8\n" + connections)),
        events_(true, [this](std::string_view line) { lines_.emplace_back(line); }),
        session_(runtime_, events_, cancel_) {}

  bool execute(const std::string& line) { return session_.execute(line); }
  /// The event that the command ended with.
  format::json::Value last(const std::string& line) {
    execute(line);
    return format::json::parse(lines_.back(), "event");
  }
  std::string kind(const std::string& line) { return std::string(last(line).at("event").as_string()); }
  Session& session() { return session_; }
  const CancelToken& cancel() const { return cancel_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  runtime::Runtime runtime_;
  std::vector<std::string> lines_;
  EventSink events_;
  CancelToken cancel_;
  Session session_;
};

}  // namespace

TEST_CASE("a command that fails is an error event, and the session goes on and remembers it") {
  const test::TinyWorld world;
  Channel channel(world);
  CHECK(channel.kind("/status") == "status");
  CHECK_FALSE(channel.session().failed());
  const auto code = [&](const std::string& line) {
    const auto event = channel.last(line);
    CHECK(event.at("event").as_string() == "error");
    CHECK(event.at("command").as_string() == line);
    return std::string(event.at("code").as_string());
  };
  CHECK(code("/load absent") == "NotFound");
  CHECK(code("/unload template") == "NotFound");
  CHECK(code("/wire nobody") == "NotFound");
  CHECK(code("/input template x.npy") == "NotFound");
  CHECK(code("/adapt template nowhere") == "NotFound");
  CHECK(code("/rollback template") == "NotFound");
  CHECK(code("/upgrade template file.so") == "NotFound");
  CHECK(code("/laod template") == "InvalidArgument");
  CHECK(code("/quit now") == "InvalidArgument");
  CHECK(channel.session().failed());
  CHECK(channel.kind("what is here") == "answer");
}

TEST_CASE("every command does what it says") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  const auto readings = world.write_readings("a.npy", {0.5F, 1, 2}).string();
  const auto data = world.write_data("data", {.train = 24, .test = 0}).string();
  Channel channel(world);
  const auto logits = [&] { return std::string(channel.last("what is here").at("logits").as_string()); };

  const std::string text_only = logits();
  const auto loaded = channel.last("/load template");
  CHECK(loaded.at("event").as_string() == "loaded");
  CHECK(loaded.at("attached")[0].as_string() == "template");
  CHECK(channel.last("/ask what is here").at("missing")[0].at("reason").as_string() == "no input");
  CHECK(channel.kind("/input template " + readings) == "input");
  const auto seen = channel.last("what is here");
  CHECK(seen.at("senses")[0].as_string() == "template");
  CHECK(seen.at("ids").size() > 0);
  CHECK(seen.at("logits").as_string() != text_only);
  CHECK(channel.last("/wire").at("attached").size() == 1);
  CHECK(channel.last("/status").at("connections")[0].at("state").as_string() == "attached");
  CHECK(channel.kind("/adapt template " + data + " --force") == "adapted");
  CHECK(logits() != seen.at("logits").as_string());
  CHECK(channel.last("/rollback template").at("what").as_string() == "adapter");
  CHECK(logits() == seen.at("logits").as_string());
  const auto unloaded = channel.last("/unload template");
  CHECK(unloaded.at("outcome").as_string() == "unmapped");
  CHECK(logits() == text_only);
  CHECK(channel.execute(""));
  CHECK(channel.execute("# a note"));
  CHECK_FALSE(channel.execute("/quit"));
  CHECK_FALSE(channel.session().failed());
}

TEST_CASE("an upgrade and its rollback are told with versions and with what became of the former revision") {
  const test::TinyWorld world;
  world.write_adapter("evolving.safetensors", test::for_evolving());
  Channel channel(world, test::connection("evolving"));
  REQUIRE(channel.kind("/load evolving") == "loaded");
  REQUIRE(channel.kind("/input evolving " + world.write_readings("a.npy", {0.5F, 1}).string()) == "input");
  const auto logits = [&] { return std::string(channel.last("what is here").at("logits").as_string()); };
  const std::string before = logits();
  const auto upgraded = channel.last("/upgrade evolving " + world.revision_file(2).string());
  CHECK(upgraded.at("event").as_string() == "upgraded");
  CHECK(upgraded.at("from").as_string() == "1.0.0");
  CHECK(upgraded.at("version").as_string() == "2.0.0");
  CHECK(upgraded.at("token_space").as_string() == "evolving-a");
  CHECK(upgraded.at("outcome").as_string() == "unmapped");
  CHECK(logits() != before);
  const auto back = channel.last("/rollback evolving");
  CHECK(back.at("what").as_string() == "plugin");
  CHECK(back.at("version").as_string() == "1.0.0");
  CHECK(logits() == before);
  CHECK_FALSE(channel.session().failed());

  const auto refused = channel.last("/upgrade evolving " + world.revision_file(3).string());
  CHECK(refused.at("code").as_string() == "AbiMismatch");
  const auto adapter = world.write_adapter("b.safetensors", test::for_evolving("evolving-b")).string();
  CHECK(channel.kind("/upgrade evolving " + world.revision_file(3).string() + " --adapter " + adapter) ==
        "upgraded");
}

TEST_CASE("background answers go on while a plugin is loaded, and end before the session does") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  Channel channel(world);
  const auto ids = channel.last("what is here");
  for (int i = 0; i < 8; ++i) {
    channel.execute("/ask --bg what is here");
    channel.execute(i % 2 == 0 ? "/load template" : "/unload template");
  }
  channel.session().finish();
  CHECK_FALSE(channel.session().failed());
  int asked = 0, answered = 0;
  for (const auto& line : channel.lines()) {
    const auto event = format::json::parse(line, "event");
    asked += event.at("event").as_string() == "asked";
    if (event.at("event").as_string() != "answer") continue;
    ++answered;
    CHECK(event.at("logits").as_string() == ids.at("logits").as_string());  // nothing is seen: no input
  }
  CHECK(asked == 8);
  CHECK(answered == 9);
}

TEST_CASE("what an interrupt cancels is an error event of its own") {
  const test::TinyWorld world;
  Channel channel(world);
  channel.cancel().cancel();
  CHECK(channel.last("what is here").at("code").as_string() == "Cancelled");
  channel.execute("/ask --bg what is here");
  channel.session().finish();
  CHECK(channel.session().failed());
}
