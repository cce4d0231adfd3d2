#include "plugins/torch_module/declaration.hpp"

#include <algorithm>

#include <lateral/sdk/error.hpp>

#include "plugins/torch_module/input_declaration.hpp"
#include "plugins/torch_module/option_reader.hpp"

namespace lateral::plugins {
namespace {

constexpr std::int64_t kMaxTokens = 1LL << 20U;
constexpr std::int64_t kMaxWidth = 1LL << 16U;

template <typename... Parts>
[[noreturn]] void reject(const Parts&... parts) {
  sdk::fail(LAT_INVALID_ARGUMENT, parts...);
}

OutputDeclaration read_output(OptionReader& in, const std::string& name, const char* layout) {
  const std::string prefix = "output." + name + ".";
  OutputDeclaration output;
  output.index = in.integer(prefix + "index", 0, 0, 255);
  output.key = in.text(prefix + "key", "");
  try {
    output.layout = parse_rearrangement(in.text(prefix + "layout", layout));
  } catch (const sdk::Error& error) {
    reject("option ", prefix, "layout: ", error.what());
  }
  return output;
}

/// How many numbers a row has must be known before the module has run: adapters depend on it.
void read_shape(OptionReader& in, const std::string& name, OutputDeclaration& output) {
  const std::string key = "output." + name + ".shape";
  output.shape = in.sizes(key, true);
  if (output.shape.size() != 2 || output.shape[1] < 1 || output.shape[1] > kMaxWidth ||
      output.shape[0] > kMaxTokens) {
    reject("the option ", key,
           " is needed: how many rows (-1 = it depends on the input), and the numbers in each, as in ", key,
           " = [-1, 96]");
  }
}

bool gives(const OptionReader& in, const std::string& name) {
  return in.has("output." + name + ".index") || in.has("output." + name + ".key") ||
         in.has("output." + name + ".layout") || in.has("output." + name + ".shape");
}

void read_outputs(OptionReader& in, OptionReader& trial, Declaration& declaration) {
  declaration.tokens = read_output(in, "tokens", "m e -> m e");
  read_shape(in, "tokens", declaration.tokens);
  if (gives(in, "scores")) declaration.scores = read_output(in, "scores", "m -> m 1");
  if (declaration.scores) declaration.scores->shape = {declaration.tokens.shape[0], 1};
  if (gives(in, "keys")) {
    declaration.keys = read_output(in, "keys", "m k -> m k");
    read_shape(in, "keys", *declaration.keys);
  }
  const auto fixed = declaration.tokens.shape[0];
  declaration.max_tokens = trial.integer("max_tokens", std::max<std::int64_t>(fixed, 0), 1, kMaxTokens);
  if (declaration.max_tokens == 0) {
    reject("the option max_tokens is needed where output.tokens.shape begins with -1");
  }
  if (fixed > declaration.max_tokens) {
    reject("option max_tokens: ", declaration.max_tokens, " is less than the ", fixed,
           " tokens of output.tokens.shape");
  }
}

}  // namespace

Declaration read_declaration(sdk::Options& options) {
  OptionReader in(options);     // what it reads decides what tokens mean
  OptionReader other(options);  // what it reads does not
  Declaration declaration;
  declaration.file = other.needed_text("file", "\"model.pt\"");
  declaration.method = in.text("method", "forward");
  declaration.inputs = read_inputs(in, other);
  declaration.modality = other.text("modality", declaration.inputs[0].input.name.c_str());
  declaration.token_space = other.text("token_space", "");
  declaration.deterministic = other.flag("deterministic", true);
  read_outputs(in, other, declaration);
  declaration.identity = in.identity();
  return declaration;
}

}  // namespace lateral::plugins
