// The older form: vocab.json, merges.txt, tokenizer_config.json, config.json, then a text.

#include "tests/fuzz/scratch.hpp"
#include "tests/fuzz/tokenize.hpp"

void lateral::fuzz::run(Input input) {
  const auto sections = sections_of(input, 5);
  const ScratchFile vocab("vocab.json", sections[0]), merges("merges.txt", sections[1]);
  const ScratchFile tokenizer("tokenizer_config.json", sections[2]), model("config.json", sections[3]);
  use_tokenizer(format::Tokenizer::load(scratch_folder()), sections[4]);
}
