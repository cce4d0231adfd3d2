#pragma once
// Training the embedded language model from nothing: questions about scenes that an oracle sense shows or that stand in
// words, and drills in repeating labels.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "core/model/decoder.hpp"
#include "core/training/statistics.hpp"
#include "core/training/trainer.hpp"
#include "models/recipe/oracle_sense.hpp"
#include "models/recipe/text_ids.hpp"

namespace lateral::recipe {

struct LanguagePlan {
  std::int64_t layers = 8, hidden = 128, heads = 4, intermediate = 352;
  std::int64_t connected = 4;  ///< the last blocks, those a sense attaches to
  std::int64_t positions = 512;
  double theta = 1e5;

  /// One letter a step, again and again: s = a sense shows the scene, w = it stands in words, c = copying.
  std::string lessons = "sscsswsc";
  std::int64_t steps = 7000, batch = 48;
  double rate = 1e-3, weight_decay = 0.05;
  double noise = 0.15;  ///< of the oracle's tokens
  double two_senses =
      0.15;  ///< share of sense lessons with two senses attached, of which one or both may see nothing
  std::int64_t exam = 1000;  ///< questions of each kind, at the end
  std::uint64_t seed = 0;
};

/// Shares of right answers, every id of the answer judged given those before it.
struct LanguageReport {
  training::Proportion sense, words, copies;  ///< copies: of labels that were never trained
  training::Proportion blind;                 ///< the same questions with nothing attached
  std::map<std::string, training::Proportion> sense_by_type;
};

/// The model together with its oracle; what a connection is taught by.
struct Taught {
  model::Decoder decoder;  ///< frozen
  std::vector<OracleSense> senses;
  at::Tensor unseen_code;  ///< [hidden]
};

model::DecoderSpec spec_of(const LanguagePlan& plan, const TextIds& text);

/// Trains or resumes. `checkpoint` of the options holds everything, so that a finished run is read back from it.
/// Throws as training::train().
Taught train_language(const LanguagePlan& plan, const TextIds& text, const training::RunOptions& options);

LanguageReport examine(const LanguagePlan& plan, const TextIds& text, const Taught& taught);

}  // namespace lateral::recipe
