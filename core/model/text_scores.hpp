#pragma once
// What the text's own scores get added: which columns a row sees, and what distance costs (ALiBi).

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/model/spec.hpp"

namespace lateral::model {

/// Slope of each head, float32 [heads]: 2^(-8 i / n) for the n heads up to a power of two, those beyond it from
/// the series of 2n (arXiv 2108.12409, as in BLOOM).
at::Tensor alibi_slopes(std::int64_t heads);

/// The columns that `rows` text positions after `past` ones see, bool [rows, past + rows]: those up to its own,
/// of them the last `window` (0 = all).
at::Tensor causal_columns(std::int64_t rows, std::int64_t past, std::int64_t window,
                          const at::TensorOptions& options);

/// Scores to add, [batch or 1, 1 or heads, T, S]: minus infinity where `visible` bool [batch or 1, T, S] is false;
/// with ALiBi also minus the head's slope times (row's position - column's position). That is transformers' score
/// up to one number per row, which a softmax does not see; but here the text at a row's own position costs nothing,
/// so that a modality's columns without a bias stand beside every row, however long the text is.
at::Tensor text_scores(const DecoderSpec& spec, const at::Tensor& visible, const at::Tensor& row_positions,
                       const at::Tensor& column_positions, const at::TensorOptions& options);

}  // namespace lateral::model
