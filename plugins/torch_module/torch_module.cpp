// Any PyTorch encoder without C++: a TorchScript file or an AOTInductor package, declared in the plugin's options.
// docs/encoders.md has every option.

#include <ATen/ATen.h>

#include <lateral/plugin.hpp>

#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "plugins/torch/bridge.hpp"
#include "plugins/torch/guard.hpp"
#include "plugins/torch_module/archive.hpp"
#include "plugins/torch_module/declaration.hpp"
#include "plugins/torch_module/module.hpp"
#include "plugins/torch_module/package_folder.hpp"
#include "plugins/torch_module/tensors.hpp"

namespace {

using namespace lateral::plugins;
namespace sdk = lateral::sdk;

lateral::Hash64 hash_of_file(const std::string& path) {
  const lateral::MappedFile file(path);
  return lateral::Hash64().add(file.bytes());
}

class TorchModule final : public TorchEncoder {
 public:
  TorchModule(const sdk::Host& host, sdk::Options& options) : declaration_(read_declaration(options)) {
    const auto& file = declaration_.file;
    const std::string path = file.front() == '/' ? file : host.file(file);
    computing([&] {
      load(path);
      try_out();
    });
  }

  sdk::Info info() const override {
    sdk::Info info{"module", declaration_.modality, declaration_.token_space};
    info.token_width = static_cast<std::uint32_t>(declaration_.tokens.shape[1]);
    info.max_tokens = static_cast<std::uint32_t>(declaration_.max_tokens);
    for (const auto& input : declaration_.inputs) info.inputs.push_back(input.input);
    info.deterministic = declaration_.deterministic;
    info.scores = declaration_.scores.has_value();
    info.key_width = declaration_.keys ? static_cast<std::uint32_t>(declaration_.keys->shape[1]) : 0;
    return info;
  }

 private:
  struct Rows {
    at::Tensor tokens, scores, keys;  // the last two undefined where none are declared
  };

  void load(const std::string& path) {
    if (archive_at(path) == Archive::Package) {
      const PackageFolder folder(path);
      module_ = load_package(folder, path, declaration_.method);
      name_space(folder.contents());
    } else {
      module_ = load_torchscript(path, declaration_.method, declaration_.inputs.size());
      name_space(hash_of_file(path));
    }
  }

  void name_space(lateral::Hash64 contents) {
    if (declaration_.token_space.empty())
      declaration_.token_space = "torch-module-" + contents.add(declaration_.identity).text();
  }

  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    std::vector<at::Tensor> given;
    for (const auto& [input, picture, argument, example] : declaration_.inputs) {
      given.push_back(input.dtype == LAT_DTYPE_U8 ? as_tensor(in.u8(input.name))
                                                  : as_tensor(in.f32(input.name)));
    }
    out.check();
    const Rows rows = rows_from(given);
    write_rows(rows.tokens, out.tokens());
    if (rows.scores.defined() && out.scores()) write_rows(rows.scores, out.scores());
    if (rows.keys.defined() && out.keys()) write_rows(rows.keys, out.keys());
    out.set_tokens(static_cast<std::uint32_t>(rows.tokens.size(0)));
  }

  Rows rows_from(const std::vector<at::Tensor>& given) {
    std::vector<at::Tensor> arguments;
    for (std::size_t i = 0; i < given.size(); ++i) {
      arguments.push_back(argument_of(declaration_.inputs[i], given[i]));
    }
    const Results results = module_->run(arguments);
    Rows rows{rows_of(declaration_.tokens, "tokens", results), {}, {}};
    if (rows.tokens.size(0) > declaration_.max_tokens) {
      sdk::fail(LAT_INVALID_ARGUMENT, "the module gives ", rows.tokens.size(0), " tokens, max_tokens is ",
                declaration_.max_tokens, "; raise it, or give a smaller input");
    }
    if (declaration_.scores)
      rows.scores = as_many(rows, rows_of(*declaration_.scores, "scores", results), "scores");
    if (declaration_.keys) rows.keys = as_many(rows, rows_of(*declaration_.keys, "keys", results), "keys");
    return rows;
  }

  static at::Tensor as_many(const Rows& rows, at::Tensor extra, const char* name) {
    if (extra.size(0) == rows.tokens.size(0)) return extra;
    sdk::fail(LAT_INVALID_ARGUMENT, "the module gives ", extra.size(0), " ", name, " for ",
              rows.tokens.size(0), " tokens; correct output.", name, ".layout");
  }

  /// What does not fit is found out at load and not with the first sample.
  void try_out() {
    std::vector<at::Tensor> given;
    for (const auto& input : declaration_.inputs) given.push_back(example_of(input));
    const Rows rows = rows_from(given);
    for (const auto& [name, values] :
         {std::pair("tokens", rows.tokens), {"scores", rows.scores}, {"keys", rows.keys}}) {
      if (values.defined() && !at::isfinite(values).all().item<bool>()) {
        sdk::fail(LAT_INVALID_ARGUMENT, "the module gives ", name,
                  " that are not finite for a made-up input; let it avoid "
                  "0/0 and log(0), or check its weights");
      }
    }
  }

  Declaration declaration_;
  std::unique_ptr<Module> module_;
};

}  // namespace

LATERAL_PLUGIN(TorchModule, "torch-module", "0.1.0");
