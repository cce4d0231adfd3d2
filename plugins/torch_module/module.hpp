#pragma once
// A model that somebody else wrote, as a function of tensors.

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace lateral::plugins {

class PackageFolder;

struct Results {
  std::vector<at::Tensor> tensors;
  std::vector<std::string> keys;  ///< one a tensor: its key in a dictionary; empty where it is in none
};

/// Used by one thread at a time. Errors are sdk::Error with the reason in one line.
class Module {
 public:
  virtual ~Module() = default;
  virtual Results run(const std::vector<at::Tensor>& arguments) = 0;
};

/// REQUIRES: archive_at(path) said so.
std::unique_ptr<Module> load_torchscript(const std::string& path, const std::string& method,
                                         std::size_t arguments);
/// The folder may go when this has returned; `path` is for messages.
std::unique_ptr<Module> load_package(const PackageFolder& folder, const std::string& path,
                                     const std::string& method);

/// What libtorch's text says, in one line: the error that a trace ends with, or the first line.
std::string reason_in(const std::string& text);

}  // namespace lateral::plugins
