#pragma once
// The part of a declaration that is about inputs.

#include <vector>

#include "plugins/torch_module/declaration.hpp"
#include "plugins/torch_module/option_reader.hpp"

namespace lateral::plugins {

/// In the order of the option "inputs". `in` reads what decides what tokens mean, `trial` what does not. Throws as
/// read_declaration.
std::vector<InputDeclaration> read_inputs(OptionReader& in, OptionReader& trial);

}  // namespace lateral::plugins
