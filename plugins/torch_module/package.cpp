// AOTInductor packages: a library inside an archive, compiled for one processor. Loading one runs it.
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <lateral/sdk/error.hpp>

#include "plugins/torch_module/module.hpp"

namespace lateral::plugins {
namespace {

class Package final : public Module {
 public:
  explicit Package(const std::string& path) : loader_(path, "model", true) {}

  Results run(const std::vector<at::Tensor>& arguments) override { return {loader_.run(arguments), {}}; }

 private:
  torch::inductor::AOTIModelPackageLoader loader_;
};

}  // namespace

std::unique_ptr<Module> load_package(const std::string& path, const std::string& method) {
  if (method != "forward") {
    sdk::fail(LAT_INVALID_ARGUMENT, path, " is an AOTInductor package, which has no method \"", method,
              "\"; leave the option method out");
  }
  return std::make_unique<Package>(path);
}

}  // namespace lateral::plugins
