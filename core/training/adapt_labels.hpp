#pragma once
// Adaptation with labels: aligners, links and optional LoRA of one connection learn from questions with
// answers, while encoders, decoder and everything attached beside it stay as they are. Early text states and
// encoder tokens are computed once (methods: mPnP-LLM, arXiv 2312.07886; rates: measured on the small models
// of this project).

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/connector/adapter.hpp"
#include "core/model/decoder.hpp"
#include "core/training/example.hpp"
#include "core/training/senses.hpp"
#include "core/training/statistics.hpp"
#include "core/training/token_cache.hpp"
#include "core/training/trainer.hpp"

namespace lateral::training {

struct AdaptOptions {
  /// Without a budget: 60 steps and one more for every four questions.
  RunOptions run;
  std::int64_t batch = 64;
  double aligner_rate = 2e-3, link_rate = 1e-1, lora_rate = 1e-3;
  double name_rate =
      1e-2;  ///< of the aligner behind a summary, which learns from drawn moments (name_draws.hpp)
  double decoder_rate = 5e-4;  ///< for the blocks of a trainable decoder (offline training), if there are any
  double weight_decay = 0.05;  ///< of everything but links
  double token_dropout = 0.2;
  std::int64_t warm_up = 10;  ///< steps; then cosine decay to 1 %
  double held_out_share = 0.15;
  EarlyStopping early_stopping{10, 8};
  std::uint64_t seed = 0;
  std::int64_t state_bytes = std::int64_t{512} << 20;  ///< limit of kept early states
  std::shared_ptr<TokenCache> tokens;                  ///< shared with other runs; null = one of its own
};

struct AdaptReport {
  TrainResult run;
  std::int64_t questions = 0, samples = 0;  ///< trained on
  std::int64_t held_out_questions = 0;
  Proportion held_out;  ///< answers whose every id has the highest score, given those before it
  std::map<std::string, Proportion> by_type;  ///< likewise
  std::int64_t state_bytes = 0;               ///< of the early states that were kept
};

/// With a summary in the adapter (summary_for says where one fits) the examples must name moments: the
/// summary is fitted in closed form and the aligner learns from drawn moments.
///
/// Trains `adapter` in place on `examples`; `tokens` are those of its encoder. `beside` are connections that
/// stay attached and frozen meanwhile. Resumes from options.run.checkpoint. The same inputs, seed, thread count
/// and number of steps give the same adapter, killed in between or not.
/// Blocks; nothing else may use `adapter` meanwhile (publish a clone). A batch of moments without tokens teaches nothing:
/// leave such moments out. Throws InvalidArgument for no usable questions, also when no moment that is learned from has
/// tokens; Cancelled, and what train() throws; the adapter's parameters are then of no use, the
/// checkpoint is.
AdaptReport adapt_labels(const model::Decoder& decoder, connector::Adapter& adapter,
                         std::span<const Example> examples, const TokenProvider& tokens,
                         const AdaptOptions& options, const std::vector<Sense>& beside = {});

}  // namespace lateral::training
