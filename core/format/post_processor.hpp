#pragma once
// The "post_processor" of a tokenizer.json, as far as it concerns one text: the ids put around it.

#include <vector>

#include "core/format/json.hpp"
#include "core/format/vocabulary.hpp"

namespace lateral::format {

struct Surround {
  std::vector<TokenId> prefix, suffix;
};

/// Reads TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel (which changes offsets only) and
/// Sequence. Throws Unsupported for any other.
Surround read_post_processor(const json::Value& value);

}  // namespace lateral::format
