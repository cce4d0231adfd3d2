#pragma once
// Shapes in messages.

#include <cstdint>
#include <string>
#include <vector>

namespace lateral::plugin {

/// E.g. "[any, 4]".
inline std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const auto size : shape) {
    text += (text.size() > 1 ? ", " : "") + (size < 0 ? std::string("any") : std::to_string(size));
  }
  return text + "]";
}

}  // namespace lateral::plugin
