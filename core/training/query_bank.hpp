#pragma once
// What text asks of the blocks that a sense is connected to: queries of text-only passes, and what each of
// them read from the text. Made once for a model and a block set and kept; with it a new sense is taught
// without running the model again, because a block's attention output follows from (query, text output, text
// log-sum-exp) and the sense's keys and values alone.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/model/decoder.hpp"
#include "core/model/generate.hpp"
#include "core/training/progress.hpp"

namespace lateral::training {

/// What one block's heads asked at P text positions. Queries are as they meet keys: projected, and turned to
/// their position where positions are rotary. `lse` is the log-sum-exp of the scaled scores over the causal
/// text columns.
struct BlockQueries {
  at::Tensor q;       ///< [P, heads, head_dim]
  at::Tensor output;  ///< [P, heads, head_dim]: the softmax over text alone
  at::Tensor lse;     ///< [P, heads]
};

/// A question as the model reads it, up to where the answer begins, and its kind for reports.
struct BankQuestion {
  model::Ids prompt;
  std::string type;
};

struct QueryBankOptions {
  /// Positions kept, drawn at random where the questions have more.
  /// Sixty short questions are enough (transfer.md).
  std::int64_t max_positions = 4096;
  std::uint64_t seed = 0;
  CancelToken cancel;
  ProgressCallback progress;
};

/// Immutable by convention. Thread safety: const use from any thread.
struct QueryBank {
  std::string model;                  ///< the model's identity; a bank serves that model only
  std::vector<std::int64_t> blocks;   ///< ascending
  std::vector<BlockQueries> queries;  ///< one per entry of `blocks`, the same positions in each
  std::vector<BankQuestion> questions;

  std::int64_t positions() const { return queries.empty() ? 0 : queries.front().lse.size(0); }
  /// Throws FailedPrecondition unless this bank is of that model and holds all of `wanted`.
  void check_serves(const std::string& model_identity, const std::vector<std::int64_t>& wanted) const;
  /// The queries of one block. Throws FailedPrecondition when the bank has none.
  const BlockQueries& of(std::int64_t block) const;
};

/// Runs the questions once through the decoder with nothing attached. `blocks` is ascending and not empty.
/// Throws InvalidArgument for no questions, an empty prompt or a block the decoder does not have; Cancelled.
QueryBank make_query_bank(const model::Decoder& decoder, std::string model_identity,
                          std::vector<std::int64_t> blocks, std::vector<BankQuestion> questions,
                          const QueryBankOptions& options = {});

/// A safetensors file that depends on nothing but the bank. Throws Io.
void save_query_bank(const std::filesystem::path& path, const QueryBank& bank);
/// Throws NotFound, Io, or Corrupt.
QueryBank load_query_bank(const std::filesystem::path& path);

}  // namespace lateral::training
