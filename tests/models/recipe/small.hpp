#pragma once
// Small things that several tests of the recipe need.

#include "core/format/tokenizer.hpp"
#include "models/recipe/plan.hpp"
#include "models/recipe/text_ids.hpp"
#include "models/recipe/vocabulary.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {

/// A tokenizer learned from a little text.
inline recipe::TextIds small_text() {
  const TemporaryFolder folder;
  recipe::make_vocabulary({600, 150, 5}, folder.path());
  return recipe::TextIds(format::Tokenizer::load(folder.path()));
}

inline recipe::LanguagePlan small_language() {
  recipe::LanguagePlan plan;
  plan.layers = 3;
  plan.hidden = 32;
  plan.heads = 2;
  plan.intermediate = 48;
  plan.connected = 2;
  plan.steps = 12;
  plan.batch = 6;
  plan.exam = 50;
  plan.two_senses = 0.5;
  return plan;
}

}  // namespace lateral::test
