#pragma once
// Attention of text queries to text columns and to whatever segments are attached, in the two forms that a test
// pins equal: one joint softmax over concatenated columns, and one fused kernel per part merged by log-sum-exp.
// Oracle: O = softmax([alpha Q K_m^T / sqrt(h) + bias, Q K_t^T / sqrt(h)] + mask) [alpha V_m; V_t].

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "core/model/attachments.hpp"

namespace lateral::model {

/// What the text rows of one call see of the text.
struct TextColumns {
  at::Tensor k, v;      ///< [batch, kv_heads, S, head_dim], keys rotated
  at::Tensor bias;      ///< added to the scores, [batch or 1, 1 or heads, T, S]; undefined: see `causal`
  bool causal = false;  ///< without bias: row i sees columns 0..i (T == S); else every row sees every column
};

/// How attention over segments is computed. Both give the same numbers to 1e-5.
enum class AttentionPath {
  Auto,    ///< Merged where it can be: on the CPU while no gradients are recorded; else Joint
  Joint,   ///< one softmax over concatenated columns; has gradients
  Merged,  ///< fused kernel per part, merged by log-sum-exp; CPU only, no gradients
};

/// q [batch, heads, T, head_dim], rotated, unscaled. Returns merged heads [batch, heads, T, head_dim].
/// Without segments the result is plain attention whatever the path. Throws InvalidArgument for a segment
/// whose shapes do not fit, FailedPrecondition for Merged while gradients are recorded or off the CPU.
at::Tensor attend(const at::Tensor& q, const TextColumns& text, std::span<const Segment> segments,
                  AttentionPath path = AttentionPath::Auto);

}  // namespace lateral::model
