#include "core/runtime/token_bridge.hpp"

#include <ATen/ATen.h>

#include <memory>
#include <utility>

namespace lateral::runtime {

connector::Tokens as_tensors(plugin::Tokens tokens) {
  const auto matrix = std::make_shared<plugin::Matrix>(std::move(tokens.tokens));
  return {.values = at::from_blob(
              matrix->values().data(), {1, matrix->rows, matrix->width}, [matrix](void*) {}, at::kFloat),
          .present = {}};
}

}  // namespace lateral::runtime
