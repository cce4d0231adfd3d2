// Raw rows; the first line of the input names their columns, as a configuration would.

#include "tests/fuzz/cloud.hpp"

void lateral::fuzz::run(Input input) {
  const auto text = text_of(input);
  const auto line = text.substr(0, text.find('\n'));
  std::vector<std::string> columns;
  for (auto rest = line; !rest.empty();) {
    columns.emplace_back(rest.substr(0, rest.find(' ')));
    rest.remove_prefix(std::min(columns.back().size() + 1, rest.size()));
  }
  use_cloud(format::decode_bin(input.subspan(std::min(line.size() + 1, input.size())), columns, "a.bin"));
}
