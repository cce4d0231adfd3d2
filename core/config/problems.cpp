#include "core/config/problems.hpp"

#include <algorithm>
#include <tuple>

namespace lateral::config {

std::string Location::text() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void Problems::throw_if_any() const {
  if (found_.empty()) return;
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    const auto key = [](const Problem& p) {
      return std::tuple(p.where.line == 0, p.where.line, p.where.column);
    };
    return key(a) < key(b);
  });
  std::string text;
  for (const Problem& problem : sorted) text += "\n" + problem.where.text() + ": " + problem.message;
  fail(Errc::InvalidArgument, "config", sorted.size(), sorted.size() == 1 ? " mistake" : " mistakes", text);
}

}  // namespace lateral::config
