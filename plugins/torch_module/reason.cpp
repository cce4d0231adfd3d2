#include <algorithm>
#include <sstream>

#include "plugins/torch_module/module.hpp"

namespace lateral::plugins {
namespace {

/// "RuntimeError: ..." and its kin, as the interpreter ends a trace.
bool names_an_error(const std::string& line) {
  const auto colon = line.find(": ");
  return colon != line.npos &&
         (line.substr(0, colon).ends_with("Error") || line.substr(0, colon).ends_with("Exception")) &&
         line.find(' ') > colon;
}

}  // namespace

std::string reason_in(const std::string& text) {
  if (text.find("Traceback of TorchScript") == text.npos) {
    const auto begin = std::min(text.size(), text.find_first_not_of("\n "));
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  std::istringstream lines(text);
  std::string reason = "its code failed";
  for (std::string line; std::getline(lines, line);) {
    if (names_an_error(line)) reason = line;
  }
  return reason;
}

}  // namespace lateral::plugins
