#pragma once
// What a block's attention puts out when a sense is connected to it, from a query bank alone; and how far two
// senses differ in that ("mix" of transfer.md).

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/model/attachments.hpp"
#include "core/training/query_bank.hpp"

namespace lateral::training {

/// The queries `rows` int64 [P'] of a bank's block.
BlockQueries select(const BlockQueries& queries, const at::Tensor& rows);

/// The real attention output of one block for each pair of frame and query: [F, heads, P, head_dim].
/// `segment` holds one sense's keys and values for F frames.
/// With s = q k^T / sqrt(head_dim), O_m = softmax(s) v, share = sigmoid(lse(s) - lse_text):
///   O = (1 - share) O_text + share O_m
///   O = O_text + tanh(gate) O_m         for Merge::Gated
/// A frame without any token present gives O_text. Gradients flow through the segment.
/// Throws InvalidArgument when shapes do not fit.
at::Tensor attention_with(const BlockQueries& queries, const model::Segment& segment);

/// Squared difference of two outputs, and what there was to explain: how much the teacher changed the
/// text's output.
struct OutputError {
  at::Tensor residual;  ///< scalar: mean |student - teacher|^2
  at::Tensor change;    ///< scalar: mean |teacher - text|^2
};
OutputError output_error(const at::Tensor& student, const at::Tensor& teacher, const BlockQueries& queries);

}  // namespace lateral::training
