#include "core/conformance/settings.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace lateral::conformance {
namespace {

template <typename T>
bool parse(const std::string& text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return !text.empty() && error == std::errc() && stop == end;
}

/// "[1, 2]"; nothing for what is no list of whole numbers.
std::optional<std::vector<std::int64_t>> integers(const std::string& text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::vector<std::int64_t> list;
  std::istringstream parts(text.substr(1, text.size() - 2));
  for (std::string part; std::getline(parts, part, ',');) {
    const auto begin = std::min(part.find_first_not_of(' '), part.size());
    const auto end = part.find_last_not_of(' ') + 1;
    if (!parse(part.substr(begin, std::max(begin, end) - begin), list.emplace_back())) return std::nullopt;
  }
  return list;
}

plugin::OptionValue typed(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  if (auto list = integers(text)) return *std::move(list);
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
  if (!libtorch.empty()) result.insert(result.end(), {"--libtorch", libtorch.string()});
  return result;
}

std::string Settings::command_for(std::string_view id) const {
  std::string text = "lateral plugin check";
  for (const auto& argument : arguments()) text += " " + quoted(argument);
  return text + " --only " + std::string(id);
}

}  // namespace lateral::conformance
