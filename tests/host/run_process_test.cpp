// `lateral run --json` driven by a script through a pipe: senses come and go while answers stream.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/format/json.hpp"
#include "host/exit_codes.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

using namespace lateral;
using namespace lateral::host;
using format::json::Value;

namespace {

constexpr const char* kQuestion = "what is here";
constexpr std::int64_t kTokens = 150;

/// What an answer said, to be compared bit for bit.
struct Said {
  std::vector<std::int64_t> ids;
  std::string logits;
  std::string senses;

  bool operator==(const Said&) const = default;
};

Said said(const Value& answer) {
  Said result;
  const Value& ids = answer.at("ids");
  for (std::size_t i = 0; i < ids.size(); ++i) result.ids.push_back(ids[i].as_int(0, 1'000'000));
  result.logits = std::string(answer.at("logits").as_string());
  const Value& senses = answer.at("senses");
  for (std::size_t i = 0; i < senses.size(); ++i) result.senses += std::string(senses[i].as_string()) + " ";
  return result;
}

/// One `lateral run --json`; its events are kept, and answers that come between other events are no surprise.
class Host {
 public:
  explicit Host(const test::TinyWorld& world)
      : process_(test::build_folder() / "bin/lateral",
                 {"run", "--json", "-c", world.write_config(test::connection("template")).string(), "--set",
                  "run.max_new_tokens=" + std::to_string(kTokens), "--set", "run.load=[]"},
                 world / "err") {
    until("ready");
  }

  Value does(const std::string& command, const std::string& event) {
    process_.write(command);
    return until(event);
  }
  Said ask() { return said(does(kQuestion, "answer")); }
  void ask_in_background() {
    const auto asked = does(std::string("/ask --bg ") + kQuestion, "asked");
    flying_[asked.at("ask").as_int(0, 1000)] = {};
  }
  /// Until an answer can be sure to have its wiring: it runs, and something was done since.
  void until_running() {
    while (does("/status", "status").at("answers_running").as_int(0, 100) == 0 && !flying_.empty()) {
    }
    does("/status", "status");
  }
  int end() {
    process_.write("/quit");
    process_.end_input();
    while (!next_event().empty()) {
    }
    return process_.wait();
  }

  /// Answers given in the background, and the events that were told between question and answer.
  struct Flight {
    Said said;
    std::set<std::string> meanwhile;
  };
  const std::vector<Flight>& landed() const { return landed_; }

 private:
  Value until(const std::string& kind) {
    while (true) {
      const std::string line = next_event();
      INFO(line);
      REQUIRE_FALSE(line.empty());
      const auto event = format::json::parse(line, "event");
      REQUIRE(event.at("event").as_string() != "error");
      if (event.at("event").as_string() == kind && !lands_) return event;
    }
  }
  /// Empty at the end.
  std::string next_event() {
    const std::string line = process_.line();
    lands_ = false;
    if (line.empty()) return line;
    const auto event = format::json::parse(line, "event");
    const std::string kind(event.at("event").as_string());
    CHECK(event.at("n").as_int(0, 100'000) == ++number_);
    const std::int64_t ask = kind == "answer" ? event.at("ask").as_int(0, 1000) : -1;
    if (const auto flight = flying_.find(ask); flight != flying_.end()) {
      lands_ = true;
      landed_.push_back({said(event), flight->second});
      flying_.erase(flight);
    } else {
      for (auto& [number, events] : flying_) events.insert(kind);
    }
    return line;
  }

  test::Process process_;
  std::int64_t number_ = 0;
  bool lands_ = false;  // the last event was the answer to a question in the background
  std::map<std::int64_t, std::set<std::string>> flying_;
  std::vector<Flight> landed_;
};

}  // namespace

TEST_CASE("answers in flight while a script loads, wires and unloads say what they say in a quiet run") {
  const test::TinyWorld world;
  world.write_adapter("template.safetensors");
  const std::string input = "/input template " + world.write_readings("a.npy", {0.5F, 1, 2}).string();

  Host quiet(world);
  const Said blind = quiet.ask();
  quiet.does("/load template", "loaded");
  quiet.does(input, "input");
  const Said seeing = quiet.ask();
  CHECK(quiet.end() == kExitOk);
  REQUIRE(blind.senses.empty());
  REQUIRE(seeing.senses == "template ");
  REQUIRE(seeing.logits != blind.logits);
  REQUIRE(seeing.ids.size() > 20);  // long enough to be overtaken

  Host busy(world);
  for (int round = 0; round < 6; ++round) {
    busy.ask_in_background();
    busy.until_running();
    busy.does("/load template", "loaded");
    busy.does(input, "input");
    busy.ask_in_background();
    busy.until_running();
    if (round % 2 == 0) busy.does("/wire template", "wired");
    busy.does("/unload template", "unloaded");
  }
  CHECK(busy.ask() == blind);
  CHECK(busy.end() == kExitOk);
  REQUIRE(busy.landed().size() == 12);
  int overtaken_by_load = 0, overtaken_by_unload = 0;
  for (const auto& [answer, meanwhile] : busy.landed()) {
    CHECK(answer == (answer.senses.empty() ? blind : seeing));
    overtaken_by_load += answer.senses.empty() && meanwhile.count("loaded") > 0;
    overtaken_by_unload += !answer.senses.empty() && meanwhile.count("unloaded") > 0;
  }
  CHECK(overtaken_by_load > 0);
  CHECK(overtaken_by_unload > 0);
}
