#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "core/runtime/runtime.hpp"
#include "core/tensor/settings.hpp"
#include "tests/bench/answers.hpp"
#include "tests/bench/host.hpp"
#include "tests/bench/material.hpp"
#include "tests/support/files.hpp"

namespace lateral::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Span = std::pair<Clock::time_point, Clock::time_point>;

// Loading attaches too, as in every host.
constexpr std::array kMoves{"load", "upgrade", "detach", "attach", "unload"};
constexpr auto kPause = std::chrono::milliseconds(3);  // between two moves

double ms(const Span& span) {
  return std::chrono::duration<double, std::milli>(span.second - span.first).count();
}

/// Gaps between the tokens of one answer. It sees nothing, whatever is attached when it begins: quiet and disturbed
/// answers then compute the same.
void answer(runtime::Runtime& host, std::int64_t length, std::vector<Span>& gaps) {
  std::optional<Clock::time_point> last;
  runtime::AskOptions options;
  options.inputs.emplace();
  options.min_new_tokens = length;
  options.on_text = [&](std::string_view) {
    const auto now = Clock::now();
    if (last) gaps.emplace_back(*last, now);
    last = now;
  };
  host.ask(kQuestion, options);
}

/// Says so however a scope is left.
struct SetAtEnd {
  std::atomic<bool>& flag;
  bool value = true;
  ~SetAtEnd() { flag = value; }
};

/// What the operator does while an answer runs.
enum class Mode {
  Quiet,  ///< sleeps as long as each move took last
  Busy,   ///< computes as long, touching nothing: what it costs that another thread wants a core
  Moves   ///< loads, upgrades, detaches, attaches, unloads
};
constexpr std::array kModes{Mode::Quiet, Mode::Busy, Mode::Moves};
constexpr std::array kModeNames{"quiet", "busy", "moves"};

using Turns = std::array<std::vector<Span>, kMoves.size()>;  // by move, in order of time

/// An operator in a thread of its own, turn by turn. When it makes no moves it still keeps their times: a moment drawn
/// at random falls into a long gap more often than into a short one, so gaps around moves must be compared with gaps
/// around such moments and not with all gaps.
class Operator {
 public:
  Operator(runtime::Runtime& host, std::int64_t cycles)
      : running_(std::async(std::launch::async, [this, &host, cycles] { work(host, cycles); })) {}
  ~Operator() { mode_ = Mode::Moves; }  // or it would wait for ever
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  /// On return nothing of the former mode is under way.
  void become(Mode mode) {
    mode_ = mode;
    while (acting_) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  bool done() const { return done_; }
  /// Waits for the end; throws what a move threw. turns() are whole after this.
  void finish() { running_.get(); }
  const Turns& turns(Mode mode) const { return turns_[static_cast<std::size_t>(mode)]; }

 private:
  void work(runtime::Runtime& host, std::int64_t cycles) {
    const SetAtEnd ended{done_};
    for (std::int64_t i = 0; i < cycles; ++i) {
      turn(0, [&] { host.load("template"); });
      turn(1, [&] { host.upgrade("template", template_file()); });
      turn(2, [&] { host.detach("template"); });
      turn(3, [&] { host.attach("template"); });
      turn(4, [&] { host.unload("template"); });
    }
  }

  /// Returns once the move was made.
  template <typename Move>
  void turn(std::size_t which, Move&& move) {
    for (Mode mode = Mode::Quiet; mode != Mode::Moves;) {
      mode = act(which, move);
      std::this_thread::sleep_for(kPause);
    }
  }

  template <typename Move>
  Mode act(std::size_t which, Move&& move) {
    const SetAtEnd acted{acting_, false};
    acting_ = true;  // before looking at the mode: become() must not miss what begins
    const Mode mode = mode_;
    const auto start = Clock::now();
    if (mode == Mode::Moves) move();
    if (mode == Mode::Quiet) std::this_thread::sleep_for(last_[which]);
    while (mode == Mode::Busy && Clock::now() - start < last_[which]) {
    }
    const auto end = Clock::now();
    turns_[static_cast<std::size_t>(mode)][which].emplace_back(start, end);
    if (mode == Mode::Moves) last_[which] = end - start;
    return mode;
  }

  std::atomic<Mode> mode_ = Mode::Quiet;
  std::atomic<bool> acting_ = false, done_ = false;
  std::array<Clock::duration, kMoves.size()> last_{};
  std::array<Turns, kModes.size()> turns_;
  std::future<void> running_;  // last: its thread uses all of the above
};

std::vector<double> lengths(const std::vector<Span>& spans) {
  std::vector<double> all;
  for (const auto& span : spans) all.push_back(ms(span));
  return all;
}

/// The gaps during which a move was under way. Both lists are in order of time.
std::vector<double> gaps_during(const std::vector<Span>& moves, const std::vector<Span>& gaps) {
  std::vector<double> found;
  std::size_t move = 0;
  for (const auto& gap : gaps) {
    while (move < moves.size() && moves[move].second < gap.first) ++move;
    if (move < moves.size() && moves[move].first < gap.second) found.push_back(ms(gap));
  }
  return found;
}

void write(const char* name, const std::vector<double>& values, format::json::Writer& json) {
  json.key(name).begin_object().member("count", static_cast<std::int64_t>(values.size()));
  json.member("p50_ms", quantile(values, 0.5)).member("p99_ms", quantile(values, 0.99));
  json.member("max_ms", quantile(values, 1)).end_object();
}

/// The median over answers of each one's quantile: what else the machine did during a few of them does not count.
double typical(const std::vector<std::vector<Span>>& answers, double share) {
  std::vector<double> each;
  for (const auto& gaps : answers) each.push_back(quantile(lengths(gaps), share));
  return quantile(each, 0.5);
}

}  // namespace

void stalls(const char* shape, plugin::Isolation isolation, std::int64_t cycles, std::int64_t length,
            format::json::Writer& json) {
  const test::TemporaryFolder folder;
  runtime::Runtime host(make_host(shape_named(shape), isolation, tensor::threads(), folder.path()));
  std::vector<Span> warm;
  answer(host, length, warm);
  std::array<std::vector<std::vector<Span>>, kModes.size()> answers;
  Operator moving(host, cycles);
  while (!moving.done()) {
    for (const Mode mode : {Mode::Moves, Mode::Quiet, Mode::Busy}) {
      moving.become(mode);
      if (mode == Mode::Moves || !moving.done()) {
        answer(host, length, answers[static_cast<std::size_t>(mode)].emplace_back());
      }
    }
  }
  moving.finish();

  json.begin_object().key("an answer").begin_object();
  for (std::size_t m = 0; m < kModes.size(); ++m) {
    json.key(kModeNames[m]).begin_object().member("count", static_cast<std::int64_t>(answers[m].size()));
    json.member("p50_ms", typical(answers[m], 0.5)).member("p99_ms", typical(answers[m], 0.99));
    json.member("max_ms", typical(answers[m], 1)).end_object();
  }
  json.end_object();
  for (std::size_t i = 0; i < kMoves.size(); ++i) {
    json.key(kMoves[i]).begin_object();
    json.member("takes_ms", quantile(lengths(moving.turns(Mode::Moves)[i]), 0.5));
    for (std::size_t m = 0; m < kModes.size(); ++m) {
      std::vector<Span> gaps;
      for (const auto& one : answers[m]) gaps.insert(gaps.end(), one.begin(), one.end());
      write(kModeNames[m], gaps_during(moving.turns(kModes[m])[i], gaps), json);
    }
    json.end_object();
  }
  json.end_object();
}

}  // namespace lateral::bench
