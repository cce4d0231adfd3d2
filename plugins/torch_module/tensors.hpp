#pragma once
// From the host's tensors to a module's arguments, and from what it returns to rows.

#include <ATen/core/Tensor.h>

#include <lateral/sdk/tensor.hpp>

#include "plugins/torch_module/declaration.hpp"
#include "plugins/torch_module/module.hpp"

namespace lateral::plugins {

/// A tensor as the host gives it, made up: the same each time, of `declaration.example`'s shape.
at::Tensor example_of(const InputDeclaration& declaration);

/// Throws sdk::Error LAT_INVALID_ARGUMENT when it cannot be reshaped as declared.
at::Tensor argument_of(const InputDeclaration& declaration, const at::Tensor& given);

/// The output `name` as f32 [rows, columns]. Throws LAT_INVALID_ARGUMENT naming the option that does not fit.
at::Tensor rows_of(const OutputDeclaration& declaration, const std::string& name, const Results& results);

}  // namespace lateral::plugins
