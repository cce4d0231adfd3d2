#pragma once
// From the plugin layer's plain memory to tensors.

#include "core/connector/tokens.hpp"
#include "core/plugin/sample.hpp"

namespace lateral::runtime {

/// One sample [1, n_tokens, width] over the very memory the encoder wrote, kept alive by the tensor.
connector::Tokens as_tensors(plugin::Tokens tokens);

}  // namespace lateral::runtime
