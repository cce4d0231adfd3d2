#pragma once
// The running state of a batch of answers: cache, positions and the logits of the last column.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "core/model/generate.hpp"

namespace lateral::model {

/// Not thread safe; lives as long as one call of generate(). Gradients must be off.
class Session {
 public:
  /// Runs the prefix through the blocks it has not seen. Room for `new_tokens` columns is kept ready.
  Session(const Decoder& decoder, const Prefix& prefix, std::int64_t new_tokens, Attachments* attachments);

  /// Scores of the next token: [rows, vocab], float32, contiguous, on the CPU.
  const at::Tensor& logits() const { return logits_; }
  std::span<const float> row(std::int64_t index) const;
  std::int64_t rows() const { return logits_.size(0); }

  /// Appends one token to each row.
  void step(std::span<const std::int64_t> ids);
  /// Row i becomes former row rows[i], in cache, logits and attachments.
  void select_rows(std::span<const std::int64_t> rows);

 private:
  void run(std::int64_t first, const at::Tensor& hidden, const at::Tensor& valid);

  const Decoder& decoder_;
  Attachments* attachments_;
  KvCache cache_;
  at::Tensor positions_;  // int64 [rows or 1, T] of the columns that run next
  at::Tensor logits_;
};

}  // namespace lateral::model
