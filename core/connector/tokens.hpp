#pragma once
// What an encoder made of a sample, on its way into the language model.
//
// Shapes use: batch rows (answers asked at once), M tokens, width of the encoder.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>

namespace lateral::connector {

/// Tokens of one modality. A batch of 1 serves every row of the answer.
struct Tokens {
  at::Tensor values;   ///< float [batch or 1, M, width], M >= 1
  at::Tensor present;  ///< bool [batch or 1, M]; undefined = all. What is absent is masked, never zero keys.
};

/// Throws InvalidArgument when shapes disagree with each other or with `width`, or a present token is not
/// finite: inside an attention a single NaN reaches every row, even a masked one (0 * NaN).
void check(const Tokens& tokens, std::int64_t width);

/// One batch from samples [M_i, width] or [1, M_i, width] of any M_i, nothing for a row without a sample.
/// Shorter samples are padded and masked. Nothing when no row has a token.
/// Throws InvalidArgument when widths differ.
std::optional<Tokens> batch_of(std::span<const std::optional<Tokens>> rows);

/// Row `rows[i]` of a [batch or 1, ...] tensor as row i; a batch of 1 serves all rows and stays as it is, as
/// does an undefined tensor. `rows` int64 [new batch].
at::Tensor select_rows(const at::Tensor& tensor, const at::Tensor& rows);

}  // namespace lateral::connector
