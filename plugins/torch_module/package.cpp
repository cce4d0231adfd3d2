// AOTInductor packages: a library inside an archive, compiled for one processor. Loading one runs it. libtorch's own loader
// unpacks to /tmp and follows the names in the archive wherever they lead; here our own reader does, or the host did.
#include <torch/csrc/inductor/aoti_runner/model_container_runner_cpu.h>

#include <lateral/sdk/error.hpp>

#include "plugins/torch_module/module.hpp"
#include "plugins/torch_module/package_folder.hpp"

namespace lateral::plugins {
namespace {

class Package final : public Module {
 public:
  explicit Package(const std::filesystem::path& library) : runner_(library.string(), 1, true) {}

  Results run(const std::vector<at::Tensor>& arguments) override {
    Results results{runner_.run(arguments), {}};
    results.keys.resize(results.tensors.size());
    return results;
  }

 private:
  torch::inductor::AOTIModelContainerRunnerCpu runner_;
};

}  // namespace

std::unique_ptr<Module> load_package(const PackageFolder& folder, const std::string& path,
                                     const std::string& method) {
  if (method != "forward") {
    sdk::fail(LAT_INVALID_ARGUMENT, path, " is an AOTInductor package, which has no method \"", method,
              "\"; leave the option method out");
  }
  return std::make_unique<Package>(folder.library());
}

}  // namespace lateral::plugins
