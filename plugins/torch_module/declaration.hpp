#pragma once
// What an operator declares of a module in [plugin.torch-module.options]; docs/encoders.md has every key. Read and checked
// without libtorch.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lateral/sdk/encoder.hpp>

#include "plugins/torch_module/rearrangement.hpp"

namespace lateral::plugins {

using Shape = std::vector<std::int64_t>;

/// How pictures become what vision models are trained on. Everything else keeps its numbers.
struct Picture {
  bool bytes = false;  ///< handed over as u8
  bool bgr = false;
  bool channels_last = false;
  bool antialias = true;
  Shape resize;  ///< [height, width]; empty = as they are
  double divide_by = 1;
  std::vector<double> mean, std;  ///< one a channel, after divide_by; empty = 0 and 1
};

struct InputDeclaration {
  sdk::Input input;
  Picture picture;  ///< kind image
  Shape argument;   ///< the module's argument is reshaped to it; empty = as it is
  Shape example;    ///< of the trial at init: the input's shape without any -1
};

struct OutputDeclaration {
  std::int64_t index = 0;  ///< among what the module returns
  std::string key;         ///< instead, the first of that key in the dictionaries that it returns
  Rearrangement layout;
  Shape shape;  ///< [rows or -1, columns]
};

struct Declaration {
  std::string file;    ///< as written
  std::string method;  ///< TorchScript's; an AOTInductor package has one alone
  std::string modality;
  std::string token_space;               ///< empty = made from the file and everything that is declared
  std::vector<InputDeclaration> inputs;  ///< in the order of the module's arguments
  OutputDeclaration tokens;
  std::optional<OutputDeclaration> scores, keys;
  std::int64_t max_tokens = 0;
  bool deterministic = true;
  std::string identity;  ///< the declarations that decide what tokens mean
};

/// Throws sdk::Error LAT_INVALID_ARGUMENT that names the option and says what to write.
Declaration read_declaration(sdk::Options& options);

}  // namespace lateral::plugins
