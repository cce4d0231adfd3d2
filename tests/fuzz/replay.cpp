// The target without libFuzzer, for every compiler:
//   replay_NAME SECONDS FILE|FOLDER...    every kept input, then mutations of them for SECONDS
//   replay_NAME --round N FILE|FOLDER...  one mutation again; what a failure names
// A failure ends the process; what was being read is said on the way out.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>

#include <unistd.h>

#include "core/base/file.hpp"
#include "tests/fuzz/mutate.hpp"
#include "tests/fuzz/target.hpp"

namespace lateral::fuzz {
namespace {

constexpr std::size_t kMaxSize = 64U << 10U;

/// What is read now, for the signal handler.
char now_reading[512] = "nothing";

void set_now(const std::string& what) {
  std::snprintf(now_reading, sizeof now_reading, "%s", what.c_str());
}

void on_signal(int signal) {
  // Only what a signal handler may do.
  static constexpr char kIntro[] = "replay: failed while reading ";
  if (::write(STDERR_FILENO, kIntro, sizeof kIntro - 1) < 0 ||
      ::write(STDERR_FILENO, now_reading, std::strlen(now_reading)) < 0 ||
      ::write(STDERR_FILENO, "\n", 1) < 0) {
    _exit(1);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

struct Corpus {
  std::vector<std::string> names;
  std::vector<Bytes> inputs;

  void add(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) return add_file(path);
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
    std::sort(files.begin(),
              files.end());  // the order of a folder differs between machines, that of rounds may not
    for (const auto& file : files) add_file(file);
  }

 private:
  void add_file(const std::filesystem::path& path) {
    inputs.push_back(read_bytes(path, 16 * kMaxSize));
    names.push_back(path.string());
  }
};

void run_round(const Corpus& corpus, std::uint64_t round) {
  set_now("round " + std::to_string(round) + " (see it again with --round)");
  // A copy of exact size: a sanitizer then sees the first byte read too far.
  const Bytes bytes = mutated(corpus.inputs, round, kMaxSize);
  run_checked(Bytes(bytes));
}

std::uint64_t run_rounds(const Corpus& corpus, double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t round = 0;
  while (std::chrono::steady_clock::now() < end) run_round(corpus, round++);
  return round;
}

int replay(int argc, char** argv) {
  const bool one = argc > 1 && std::string_view(argv[1]) == "--round";
  const int first = one ? 3 : 2;
  if (argc <= first) {
    std::fprintf(stderr, "usage: %s SECONDS|--round N FILE|FOLDER...\n", argv[0]);
    return 2;
  }
  Corpus corpus;
  for (int i = first; i < argc; ++i) corpus.add(argv[i]);
  if (corpus.inputs.empty()) {
    std::fprintf(stderr, "replay: no inputs in the folders named\n");
    return 2;
  }
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL}) std::signal(signal, on_signal);
  if (one) {
    run_round(corpus, std::strtoull(argv[2], nullptr, 10));
    return 0;
  }
  for (std::size_t i = 0; i < corpus.inputs.size(); ++i) {
    set_now(corpus.names[i]);
    run_checked(corpus.inputs[i]);
  }
  const auto rounds = run_rounds(corpus, std::strtod(argv[1], nullptr));
  std::printf("%zu inputs, %llu mutations\n", corpus.inputs.size(), static_cast<unsigned long long>(rounds));
  return 0;
}

}  // namespace
}  // namespace lateral::fuzz

int main(int argc, char** argv) {
  return lateral::fuzz::replay(argc, argv);
}
