// A pattern and a path: what the names stand for lies in the path, between folders.

#include "core/dataset/path_pattern.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const auto parts = sections_of(input, 2);
  const dataset::PathPattern pattern(parts[0], {"id", "answer", "group", "split"});
  const auto found = pattern.match(parts[1]);
  if (!found) return;
  for (const auto& [name, value] : *found) {
    require(pattern.has(name), "only the pattern's names are found");
    require(!value.empty() && value.find('/') == value.npos, "a name stays within one folder");
    require(parts[1].find(value) != parts[1].npos, "what was found is in the path");
  }
}
