#include "core/config/problems.hpp"

#include <algorithm>
#include <tuple>

namespace lateral::config {
namespace {
constexpr std::size_t kShown = 100;  // mistakes: a file with more of them is no configuration
}

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
  for (std::size_t i = 0; i < std::min(sorted.size(), kShown); ++i) {
    text += "\n" + sorted[i].where.text() + ": " + sorted[i].message;
  }
  if (sorted.size() > kShown) text += "\nand " + std::to_string(sorted.size() - kShown) + " more";
  fail(Errc::InvalidArgument, "config", sorted.size(), sorted.size() == 1 ? " mistake" : " mistakes", text);
}

}  // namespace lateral::config
