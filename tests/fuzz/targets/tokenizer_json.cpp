// tokenizer.json, then a text to encode and decode.

#include "tests/fuzz/scratch.hpp"
#include "tests/fuzz/tokenize.hpp"

void lateral::fuzz::run(Input input) {
  const auto sections = sections_of(input, 2);
  const ScratchFile file("tokenizer.json", sections[0]);
  use_tokenizer(format::Tokenizer::load(scratch_folder()), sections[1]);
}
