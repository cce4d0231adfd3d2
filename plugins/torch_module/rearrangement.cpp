#include "plugins/torch_module/rearrangement.hpp"

#include <algorithm>
#include <cctype>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxAxes = 8;
constexpr std::string_view kArrow = "->";

[[noreturn]] void reject(std::string_view text, const std::string& why) {
  sdk::fail(LAT_INVALID_ARGUMENT, "\"", std::string(text), "\" ", why,
            "; write it as in \"1 e h w -> (h w) e\"");
}

bool letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Names, "1", "(" and ")" of one side.
std::vector<std::string> words_of(std::string_view side, std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < side.size();) {
    if (side[i] == ' ') {
      ++i;
    } else if (side[i] == '(' || side[i] == ')' || side[i] == '1') {
      words.emplace_back(1, side[i++]);
    } else if (letter(side[i])) {
      const std::size_t begin = i;
      while (i < side.size() && letter(side[i])) ++i;
      words.emplace_back(side.substr(begin, i - begin));
    } else {
      reject(text, "has a character that is neither a letter, 1, a space nor a parenthesis");
    }
  }
  return words;
}

std::vector<std::string> axes_of(std::string_view side, std::string_view text) {
  auto names = words_of(side, text);
  if (names.empty() || names.size() > kMaxAxes) reject(text, "must name 1 to 8 axes before the arrow");
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (*name == "(" || *name == ")") reject(text, "has a parenthesis before the arrow");
    if (*name != "1" && std::find(names.begin(), name, *name) != name) reject(text, "names an axis twice");
  }
  return names;
}

/// The right side's groups, each a list of names.
std::vector<std::vector<std::string>> groups_of(std::string_view side, std::string_view text) {
  std::vector<std::vector<std::string>> groups;
  bool open = false;
  for (auto& word : words_of(side, text)) {
    if (word == "(" || word == ")") {
      if (open == (word == "(")) reject(text, "has parentheses that do not match");
      open = word == "(";
      if (open) groups.emplace_back();
      continue;
    }
    if (!open) groups.emplace_back();
    if (word != "1") groups.back().push_back(std::move(word));
  }
  if (open) reject(text, "has parentheses that do not match");
  if (groups.size() != 2) reject(text, "must have two parts after the arrow, rows and columns");
  return groups;
}

}  // namespace

Rearrangement parse_rearrangement(std::string_view text) {
  if (text.size() > kMaxText)
    reject(text.substr(0, kMaxText), "... is longer than " + std::to_string(kMaxText) + " bytes");
  const std::size_t arrow = text.find(kArrow);
  if (arrow == text.npos) reject(text, "has no \"->\"");
  const auto axes = axes_of(text.substr(0, arrow), text);
  const auto groups = groups_of(text.substr(arrow + kArrow.size()), text);
  Rearrangement result;
  result.text = text;
  result.rank = axes.size();
  std::vector<bool> used(axes.size());
  const auto place = [&](const std::vector<std::string>& names, std::vector<std::size_t>& to) {
    for (const auto& name : names) {
      const auto found = static_cast<std::size_t>(std::find(axes.begin(), axes.end(), name) - axes.begin());
      if (found == axes.size()) reject(text, "names \"" + name + "\" after the arrow alone");
      if (used[found]) reject(text, "names an axis twice");
      used[found] = true;
      to.push_back(found);
    }
  };
  place(groups[0], result.rows);
  place(groups[1], result.columns);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] == "1") result.single.push_back(i);
    if (!used[i]) result.averaged.push_back(i);
  }
  return result;
}

}  // namespace lateral::plugins
