// storm [MINUTES [SEED]]: clients of one `lateral run` load, unload, upgrade, roll back, wire, feed and ask at random, kill
// its workers and bring in the bad plugins of the corpus. Every answer must be, bit for bit, one that a quiet host gives
// to what was in force; between the acts and at the end the host must hold no more than at the first.
#include <lateral/plugin.h>
#include <sys/prctl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <list>
#include <thread>

#include "host/exit_codes.hpp"
#include "tests/storm/gate.hpp"
#include "tests/storm/player.hpp"
#include "tests/storm/watch.hpp"

namespace lateral::storm {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kClients = 3;       // of the control socket, beside the pipe
constexpr auto kPatience = 120s;  // for what takes moments on an idle machine
constexpr int kActs = 4;          // at least, and one more each minute
constexpr double kGrowth = 0.05;  // of resident memory after a tenth of the acts

class Storm {
 public:
  Storm(const Stage& stage, const References& references, double minutes, std::uint64_t seed)
      : process_(test::build_folder() / "bin/lateral", {"run", "--json", "-c", stage.config().string()},
                 stage.log()),
        play_{.stage = stage, .references = references, .host = process_.pid()},
        acts_(kActs + static_cast<int>(minutes)),
        act_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(60 * minutes) /
                                                         acts_)) {
    players_.emplace_back(play_, std::make_unique<PipeChannel>(process_), mix_seed(seed, 0)).ready();
    for (std::uint64_t client = 1; client <= kClients; ++client)
      players_.emplace_back(play_, std::make_unique<SocketChannel>(stage.control()), mix_seed(seed, client));
  }

  void run() {
    Player conductor(play_, std::make_unique<SocketChannel>(play_.stage.control()), 0);
    rest(conductor);
    std::vector<std::thread> threads;
    for (auto& player : players_) threads.emplace_back([&] { play(player); });
    try {
      for (int act = 0; act < acts_ && play_.tally.complaints().empty(); ++act) {
        std::this_thread::sleep_for(act_);
        if (!gate_.close(kPatience)) throw std::runtime_error("the host stands still");
        rest(conductor);
        if (act + 1 < acts_) gate_.open();
      }
    } catch (const std::exception& error) {
      play_.tally.complain(error.what());
      process_.kill(SIGKILL);
    }
    gate_.open(true);
    for (auto& thread : threads) thread.join();
    if (process_.running()) end(conductor);
  }

  const Tally& tally() const { return play_.tally; }
  const std::vector<Held>& rests() const { return rests_; }

 private:
  void play(Player& player) {
    try {
      while (gate_.pass()) {
        while (!gate_.closing()) player.move();
        player.settle();
      }
    } catch (const std::exception& error) {
      play_.tally.complain(error.what());
    }
    gate_.leave();
  }

  /// Nothing is loaded and nobody asks: what the host holds now, it holds for good. Then all senses are there again, and
  /// answers are those of a quiet host.
  void rest(Player& conductor) {
    conductor.clear_the_stage();
    const auto until = Clock::now() + 2s;  // threads that were joined are listed for a moment
    Held held = held_by(play_.host);
    while (!rests_.empty() &&
           held.threads + held.descriptors + held.children > rests_[0].threads + rests_[0].descriptors &&
           Clock::now() < until) {
      std::this_thread::sleep_for(10ms);
      held = held_by(play_.host);
    }
    rests_.push_back(held);
    if (held.children > 0) play_.tally.complain("a worker is left, or a zombie");
    for (const auto& sense : play_.stage.senses()) conductor.load(sense);
    conductor.ask();
  }

  /// While clients wait for answers.
  void end(Player& conductor) {
    for (auto& player : players_) player.ask_in_background();
    conductor.ask_in_background();
    const int expected = players_.front().failed() ? host::kExitFailed : host::kExitOk;
    players_.front().send("/quit");
    process_.end_input();
    const auto until = Clock::now() + kPatience;
    while (process_.running() && Clock::now() < until) std::this_thread::sleep_for(10ms);
    if (process_.running()) return play_.tally.complain("the host does not end");
    if (const int status = process_.wait(); status != expected)
      play_.tally.complain("the host ended with status " + std::to_string(status));
    if (std::filesystem::exists(play_.stage.control())) play_.tally.complain("its socket is left");
    // Orphans come to this process.
    if (!children_of(::getpid()).empty()) play_.tally.complain("a process of the host is left");
  }

  test::Process process_;
  Play play_;
  std::list<Player> players_;
  Gate gate_{kClients + 1};
  int acts_;
  Clock::duration act_;
  std::vector<Held> rests_;
};

void print(const char* when, const Held& held) {
  std::printf("  %-14s %8.2f MiB resident, %5ld mappings, %3ld threads, %3ld descriptors, %ld children\n",
              when, static_cast<double>(held.resident_kib) / 1024, held.mappings, held.threads,
              held.descriptors, held.children);
}

/// Complaints about what grew.
std::vector<std::string> growth(const std::vector<Held>& rests, bool settled) {
  // The first act of a short storm is warming up: every sense and every size of answer is met for the first time.
  const Held& before = rests[std::max<std::size_t>(rests.size() / 10 + 1, 2)];
  const Held& after = rests.back();
  std::puts("what the host holds while nothing is loaded");
  print("at the start", rests.front());
  print("after a tenth", before);
  print("at the end", after);
  std::vector<std::string> found;
  if (after.threads > before.threads) found.emplace_back("threads grew");
  if (after.descriptors > before.descriptors) found.emplace_back("descriptors grew");
  // Memory settles within a minute; before that, and with the shadow memory of a sanitizer, it says nothing.
  if (LAT_SANITIZER == 0 && settled &&
      static_cast<double>(after.resident_kib) > (1 + kGrowth) * static_cast<double>(before.resident_kib))
    found.emplace_back("resident memory grew");
  return found;
}

int run(double minutes, std::uint64_t seed) {
  std::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Stage stage(seed);
  for (const auto& sense : stage.senses())
    std::printf("%s in a %s, ", sense.id.c_str(), sense.isolation.c_str());
  std::printf("%zu bad plugins\n", stage.bad().size());
  const References references(stage);
  std::printf("a quiet host gave %zu different answers\n", references.size());
  Storm storm(stage, references, minutes, seed);
  storm.run();
  for (const auto& [what, count] : storm.tally().counts()) std::printf("  %8ld %s\n", count, what.c_str());
  auto complaints = storm.tally().complaints();
  if (complaints.empty()) complaints = growth(storm.rests(), minutes >= 1);
  for (const auto& complaint : complaints) std::printf("WRONG: %s\n", complaint.c_str());
  return complaints.empty() ? 0 : 1;
}

template <typename T>
bool read(const char* text, T& number) {
  const char* const end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, number);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace
}  // namespace lateral::storm

int main(int argc, char** argv) {
  double minutes = 0.1;
  std::uint64_t seed = 1;
  if (argc > 3 || (argc > 1 && !(lateral::storm::read(argv[1], minutes) && minutes > 0 && minutes < 1e5)) ||
      (argc > 2 && !lateral::storm::read(argv[2], seed))) {
    std::fputs("usage: storm [MINUTES [SEED]]\n", stderr);
    return lateral::host::kExitUsage;
  }
  try {
    return lateral::storm::run(minutes, seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "storm: %s\n", error.what());
    return 1;
  }
}
