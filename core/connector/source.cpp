#include "core/connector/source.hpp"

namespace lateral::connector {

std::optional<at::Tensor> Source::branch(const model::BlockView&, const at::Tensor&, SourceState&) const {
  return std::nullopt;
}

}  // namespace lateral::connector
