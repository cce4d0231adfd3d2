#include "host/input_name.hpp"

namespace lateral::host {

std::optional<InputName> parse_input_name(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  InputName name{std::string(text.substr(0, dot)), dot == text.npos ? "" : std::string(text.substr(dot + 1))};
  if (name.plugin.empty()) return std::nullopt;
  return name;
}

}  // namespace lateral::host
