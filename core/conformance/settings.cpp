#include "core/conformance/settings.hpp"

#include <algorithm>
#include <charconv>

namespace lateral::conformance {
namespace {

template <typename T>
bool parse(const std::string& text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return !text.empty() && error == std::errc() && stop == end;
}

plugin::OptionValue typed(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  std::int64_t integer = 0;
  if (parse(text, integer)) return integer;
  double number = 0;
  if (parse(text, number)) return number;
  return text;
}

/// As a shell takes it back.
std::string quoted(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/._-=+:,@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

bool Settings::wants(std::string_view id) const {
  const auto covers = [&](const std::string& wanted) {
    return id == wanted || (id.starts_with(wanted) && id[wanted.size()] == '.');
  };
  return only.empty() || std::any_of(only.begin(), only.end(), covers);
}

plugin::OptionMap Settings::typed_options() const {
  plugin::OptionMap result;
  for (const auto& [key, value] : options) result[key] = typed(value);
  return result;
}

std::vector<std::string> Settings::arguments() const {
  std::vector<std::string> result{file.string(), "--seed", std::to_string(seed), "--timeout",
                                  std::to_string(timeout.count()) + "ms"};
  for (const auto& [key, value] : options) {
    result.emplace_back("--option");
    result.push_back(key + "=" + value);
  }
  return result;
}

std::string Settings::command_for(std::string_view id) const {
  std::string text = "lateral plugin check";
  for (const auto& argument : arguments()) text += " " + quoted(argument);
  return text + " --only " + std::string(id);
}

}  // namespace lateral::conformance
