#pragma once
// From prompts to answers: greedy, sampled and beam search, with the meaning that transformers gives
// each option.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/model/attachments.hpp"
#include "core/model/decoder.hpp"
#include "core/model/kv_cache.hpp"

namespace lateral::model {

using Ids = std::vector<std::int64_t>;

struct GenerateOptions {
  std::int64_t max_new_tokens = 64;
  std::int64_t min_new_tokens = 0;  ///< until then eos ids have probability 0
  std::vector<std::int64_t> eos;    ///< ids that end an answer; empty = the spec's
  bool ignore_eos = false;          ///< always max_new_tokens, as for benchmarks

  /// > 1 makes tokens of prompt and answer less likely: positive scores are divided, negative ones multiplied.
  double repetition_penalty = 1.0;

  bool sample = false;
  double temperature = 1.0;
  std::int64_t top_k = 0;  ///< 0 = all
  double top_p = 1.0;
  std::uint64_t seed = 0;  ///< row i of a batch draws from stream i

  enum class EarlyStopping { No, Yes, Never };  ///< transformers' False, True, "never"
  std::int64_t beams = 1;
  double length_penalty = 1.0;
  EarlyStopping early_stopping = EarlyStopping::No;

  /// Called with a row's new ids after each token; true ends that answer (stop strings need a tokenizer,
  /// which the caller has). Not with beams.
  std::function<bool(std::size_t row, std::span<const std::int64_t> ids)> stop;
  /// Called for each token as it is chosen; with beams once the answer is known.
  std::function<void(std::size_t row, std::int64_t id)> on_token;
  CancelToken cancel;  ///< looked at before every token
};

enum class StopReason { Length, Eos, Stop };

struct Answer {
  Ids ids;  ///< new tokens, with the eos id that ended them if one did
  StopReason reason = StopReason::Length;
  /// [vocab] float32: the model's own scores from which the last id was chosen, before penalties. Undefined
  /// with beams.
  at::Tensor last_logits;
  double score = 0.0;  ///< with beams: summed log-probability / length^length_penalty
};

/// Prompts that have been run through the blocks [0, first_block): the part that no attachment touches. It
/// can be used for many answers, e.g. for each new frame under the same question.
struct Prefix {
  std::vector<Ids> prompts;
  at::Tensor positions;  ///< int64 [batch, T]
  at::Tensor valid;  ///< bool [batch, T], false = left padding; undefined where all prompts are of one length
  at::Tensor hidden;  ///< [batch, T, hidden]: the states that enter block first_block
  std::int64_t first_block = 0;
  KvCache cache;  ///< blocks [0, first_block) hold T columns
};

/// Throws InvalidArgument for an empty batch, an empty prompt or ids outside the vocabulary.
Prefix make_prefix(const Decoder& decoder, const std::vector<Ids>& prompts, std::int64_t first_block,
                   std::int64_t room_for_new_tokens);

/// Answers for a prefix, which is not changed. `attachments` has one row per prompt (or one for all) and
/// touches no block below the prefix's first_block. Throws Cancelled, InvalidArgument.
std::vector<Answer> generate(const Decoder& decoder, const Prefix& prefix, const GenerateOptions& options,
                             Attachments* attachments = nullptr);
std::vector<Answer> generate(const Decoder& decoder, const std::vector<Ids>& prompts,
                             const GenerateOptions& options, Attachments* attachments = nullptr);

}  // namespace lateral::model
