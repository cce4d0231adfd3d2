#pragma once
// What every tokenizer must do, whatever its files say.

#include "core/format/tokenizer.hpp"
#include "tests/fuzz/target.hpp"

namespace lateral::fuzz {

/// Encodes and decodes `text` and a few of its own. Throws Error where the tokenizer's limits do.
void use_tokenizer(const format::Tokenizer& tokenizer, std::string_view text);

}  // namespace lateral::fuzz
