#include "core/plugin/loose_ends.hpp"

#include <unistd.h>

#include <cstring>
#include <string_view>

namespace lateral::plugin {
namespace {

void copy_variables(const ImageRange& image, std::vector<std::string>& found) {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (!image.holds(*variable)) continue;
    // Whoever reads it meanwhile finds the one or the other, which say the same.
    if (char* const copy = ::strdup(*variable)) __atomic_store_n(variable, copy, __ATOMIC_RELEASE);
    const std::string_view text(*variable);
    found.push_back("the variable " + std::string(text.substr(0, text.find('='))) + " in its memory; copied");
  }
}

}  // namespace

LooseEnds::LooseEnds() {
  for (int signal = 1; signal <= 64; ++signal)
    ::sigaction(signal, nullptr, &handlers_[static_cast<std::size_t>(signal)]);
}

std::vector<std::string> LooseEnds::tie_up(const ImageRange& image) const {
  std::vector<std::string> found;
  for (int signal = 1; signal <= 64; ++signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0) continue;
    if (!image.holds(reinterpret_cast<const void*>(now.sa_handler))) continue;
    ::sigaction(signal, &handlers_[static_cast<std::size_t>(signal)], nullptr);
    const char* const name = ::sigabbrev_np(signal);
    found.push_back("a handler of " + (name == nullptr ? std::to_string(signal) : "SIG" + std::string(name)) +
                    " in its code; restored");
  }
  copy_variables(image, found);
  return found;
}

}  // namespace lateral::plugin
