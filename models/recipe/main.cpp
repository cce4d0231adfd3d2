// lateral-recipe: makes the embedded models. Exit status 0: made and good; 1: an error; 2: made, but less was learned
// than expected; 130: asked to stop, everything done so far is kept.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>

#include "core/base/error.hpp"
#include "core/tensor/settings.hpp"
#include "models/recipe/kitchen.hpp"

namespace {

using lateral::CancelToken;

const CancelToken& stop_token() {
  static const CancelToken token;
  return token;
}

extern "C" void on_signal(int) {
  stop_token().cancel();
}

/// One line that is written over on a terminal; a line every half minute elsewhere.
class Display {
 public:
  void show(const lateral::training::Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress.step == progress.steps;
    if (!terminal_ && !last && now - shown_ < std::chrono::seconds(30)) return;
    shown_ = now;
    std::fprintf(stderr, "%s%s: step %lld of %lld, loss %.4f, %.0f s left%s", terminal_ ? "\r\033[K" : "",
                 progress.phase.c_str(), static_cast<long long>(progress.step),
                 static_cast<long long>(progress.steps), progress.loss, progress.seconds_left,
                 terminal_ && !last ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point shown_{};
};

int run(const std::vector<std::string>& arguments) {
  lateral::recipe::Kitchen kitchen;
  kitchen.command = lateral::recipe::parse_command(arguments);
  if (kitchen.command.help) {
    std::fputs(lateral::recipe::kUsage, stdout);
    return 0;
  }
  stop_token();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  lateral::tensor::fix_threads(kitchen.command.threads);
  const auto seed = kitchen.command.seed;
  kitchen.plan = kitchen.command.quick ? lateral::recipe::quick_plan(seed) : lateral::recipe::full_plan(seed);
  kitchen.cancel = stop_token();
  Display display;
  kitchen.progress = [&](const lateral::training::Progress& progress) { display.show(progress); };
  kitchen.say = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  return lateral::recipe::cook(kitchen) ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const lateral::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.code() == lateral::Errc::Cancelled ? 130 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "recipe: %s\n", error.what());
    return 1;
  }
}
