#include "core/training/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

namespace lateral::training {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in(normalised_answer(text));
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

Proportion wilson(std::int64_t hits, std::int64_t trials) {
  if (trials == 0) return {};
  constexpr double z = 1.959963984540054;
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double scale = 1 / (1 + z * z / n);
  const double centre = (p + z * z / (2 * n)) * scale;
  const double half = z * scale * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {hits, trials, p, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::string normalised_answer(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_space(c)) {
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else {
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  while (!result.empty() && (result.back() == ' ' || result.back() == '.')) result.pop_back();
  return result;
}

bool exact_match(std::string_view answer, std::string_view expected) {
  return normalised_answer(answer) == normalised_answer(expected);
}

double token_f1(std::string_view answer, std::string_view expected) {
  const auto given = words_of(answer);
  const auto wanted = words_of(expected);
  if (given.empty() || wanted.empty()) return given.empty() && wanted.empty() ? 1 : 0;
  std::map<std::string, int> left;
  for (const auto& word : wanted) ++left[word];
  int common = 0;
  for (const auto& word : given) {
    if (left[word]-- > 0) ++common;
  }
  // 2PR / (P + R) with P = common / given, R = common / wanted.
  return 2.0 * common / static_cast<double>(given.size() + wanted.size());
}

}  // namespace lateral::training
