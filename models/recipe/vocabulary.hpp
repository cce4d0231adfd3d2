#pragma once
// The embedded model's tokenizer: byte-level BPE learned from the text that the model will read.

#include <cstdint>
#include <filesystem>

namespace lateral::recipe {

struct VocabularyPlan {
  int pieces = 1200;
  std::int64_t scenes = 6000;  ///< of text
  std::uint64_t seed = 0;
};

/// Writes tokenizer.json and tokenizer_config.json into `folder`. "<s>" begins every text, "</s>" ends every answer.
void make_vocabulary(const VocabularyPlan& plan, const std::filesystem::path& folder);

}  // namespace lateral::recipe
