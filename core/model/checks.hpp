#pragma once
// Checks of what callers hand to the decoder, cheap enough for every call.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace lateral::model {

/// `ids` must be int64 [batch, T] with all elements in [0, limit); throws InvalidArgument naming the first
/// that is not, as "token id 700 is outside [0, 512)".
void check_ids(std::string_view what, const at::Tensor& ids, std::int64_t limit);

/// `x` must be [batch, T, width]; throws InvalidArgument with the shape found.
void check_states(std::string_view what, const at::Tensor& x, std::int64_t width);

}  // namespace lateral::model
