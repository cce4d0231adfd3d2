// A tokenizer's pattern, then the text it cuts.

#include "core/format/regex.hpp"
#include "core/format/utf8.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const auto sections = sections_of(input, 2);
  const auto text = format::utf8::sanitize(sections[1]);
  std::size_t end = 0;
  for (const auto match : format::Regex(sections[0]).find_all(text)) {
    require(end <= match.begin && match.begin <= match.end && match.end <= text.size(),
            "matches are in order");
    end = match.end;
  }
}
