#include "core/training/explained.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

#include "core/training/mix_loss.hpp"

namespace lateral::training {
namespace {

// More queries do not change the second digit, and a bank may hold thousands.
constexpr std::int64_t kMostQueries = 512;
constexpr std::int64_t kFramesAtOnce = 16;

BlockQueries some_queries(const QueryBank& bank, std::int64_t block) {
  const auto& all = bank.of(block);
  const std::int64_t kept = std::min(kMostQueries, bank.positions());
  // Evenly spread over the bank, so that no question is left out for standing last.
  const auto rows = at::arange(kept, at::kLong).mul(bank.positions()).div(kept, "floor");
  return select(all, rows);
}

/// Calls visit(rows) for the frames in chunks; rows int64 [at most kFramesAtOnce].
template <typename Visit>
void in_chunks(std::int64_t frames, Visit&& visit) {
  for (std::int64_t first = 0; first < frames; first += kFramesAtOnce) {
    visit(at::arange(first, std::min(frames, first + kFramesAtOnce), at::kLong));
  }
}

at::Tensor output_for(const model::Decoder& decoder, const connector::Source& source,
                      const connector::Tokens& tokens, std::int64_t block, const BlockQueries& queries) {
  const auto state = begin_without_text(source, tokens);
  if (state == nullptr) {  // a closed gate: these frames change nothing
    return queries.output.transpose(0, 1).unsqueeze(0).expand({tokens.values.size(0), -1, -1, -1});
  }
  return attention_with(queries, segment_without_text(decoder, source, *state, block, queries.q));
}

double sum_of(const at::Tensor& x) {
  return x.sum(at::kDouble).item<double>();
}

}  // namespace

double Explained::mean() const {
  return std::accumulate(by_block.begin(), by_block.end(), 0.0) / static_cast<double>(by_block.size());
}

Explained explained_variance(const model::Decoder& decoder, const connector::Source& teacher,
                             const connector::Source& student, const PairedFrames& frames,
                             const QueryBank& bank, std::int64_t shift) {
  const c10::NoGradGuard no_grad;
  const auto count = static_cast<std::int64_t>(frames.ids.size());
  Explained explained;
  for (const int block : teacher.blocks().blocks()) {
    const auto queries = some_queries(bank, block);
    const auto text = queries.output.transpose(0, 1).unsqueeze(0);
    double residual = 0, change = 0;
    in_chunks(count, [&](const at::Tensor& rows) {
      const auto seen = rows.add(shift).remainder(count);
      const auto wanted = output_for(decoder, teacher, rows_of(frames.teacher, rows), block, queries);
      const auto got = output_for(decoder, student, rows_of(frames.student, seen), block, queries);
      residual += sum_of((got - wanted).square());
      change += sum_of((wanted - text).square());
    });
    explained.by_block.push_back(1 - residual / change);
  }
  return explained;
}

Explained explained_frame_blind(const model::Decoder& decoder, const connector::Source& teacher,
                                const PairedFrames& frames, const QueryBank& bank) {
  const c10::NoGradGuard no_grad;
  const auto count = static_cast<std::int64_t>(frames.ids.size());
  Explained explained;
  for (const int block : teacher.blocks().blocks()) {
    const auto queries = some_queries(bank, block);
    const auto text = queries.output.transpose(0, 1).unsqueeze(0);
    double change = 0;
    at::Tensor sum;  // of outputs relative to the text's, over frames
    in_chunks(count, [&](const at::Tensor& rows) {
      const auto moved = output_for(decoder, teacher, rows_of(frames.teacher, rows), block, queries) - text;
      change += sum_of(moved.square());
      const auto part = moved.sum(0, false, at::kDouble);
      sum = sum.defined() ? sum + part : part;
    });
    // The variance about the frames' own mean, unbiased: the mean was taken over the same few frames.
    const double n = static_cast<double>(count);
    const double around_mean = (change - sum_of(sum.square()) / n) * n / std::max(1.0, n - 1);
    explained.by_block.push_back(1 - around_mean / change);
  }
  return explained;
}

}  // namespace lateral::training
