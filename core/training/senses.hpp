#pragma once
// Connections together with the tokens that training and evaluation feed them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/connector/answer_attachments.hpp"
#include "core/connector/connection.hpp"
#include "core/training/example.hpp"

namespace lateral::training {

/// One connection, attached to no manager, and where its tokens come from.
struct Sense {
  std::shared_ptr<const connector::Connection> connection;
  TokenProvider tokens;
};

/// Drops each present token with a probability, at least one per row stays: training with it teaches an
/// aligner not to hang on single tokens. A function of `seed`.
struct TokenDropout {
  double probability = 0;
  std::uint64_t seed = 0;
};
connector::Tokens drop_tokens(const connector::Tokens& tokens, const TokenDropout& dropout);

/// Any number of senses, none included. Immutable.
/// Thread safety: const members from any thread that the providers allow.
class Senses {
 public:
  /// `layers` of the decoder. Throws FailedPrecondition when two connections share an id.
  Senses(std::vector<Sense> senses, std::int64_t layers);

  /// Row i of the batch gets the tokens of samples[i]; a sample without data of a sense is absent in that row.
  std::unique_ptr<connector::AnswerAttachments> attach(const std::vector<std::string>& samples,
                                                       const connector::TextView& text = {},
                                                       const TokenDropout& dropout = {}) const;

  /// The lowest block that any of them touches; the number of layers if there is none.
  std::int64_t first_block() const;

 private:
  std::vector<Sense> senses_;
  std::int64_t layers_;
  std::shared_ptr<const connector::Wiring> wiring_;
};

/// Tokens of several samples as one batch; nothing when none of them has any.
std::optional<connector::Tokens> tokens_of(const TokenProvider& tokens,
                                           const std::vector<std::string>& samples);

}  // namespace lateral::training
