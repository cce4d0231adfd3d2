// lateral-worker: a process for one plugin, started by the host only. It links no libtorch, so a plugin may
// bring its own.
//
//   lateral-worker PARENT IMAGE FIRST-LANE LANES     (a process id, then numbers of inherited descriptors)
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <exception>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/plugin/worker/limits.hpp"
#include "core/plugin/worker/server.hpp"

namespace {

using namespace lateral;

int number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    fail(Errc::InvalidArgument, "lateral-worker", "\"", text, "\" is not a number");
  return value;
}

void work(char** arguments) {
  plugin::worker::tie_to_parent(number(arguments[1]));
  auto image = std::make_shared<const plugin::SealedImage>(number(arguments[2]));
  std::vector<plugin::worker::Lane> lanes;
  const int first = number(arguments[3]);
  for (int i = 0; i < number(arguments[4]); ++i) lanes.emplace_back(first + i);
  plugin::worker::Server(std::move(image), std::move(lanes)).serve();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fputs("lateral-worker is started by lateral, not by hand\n", stderr);
    return 2;
  }
  try {
    work(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);  // threads that the plugin left are not waited for
}
