#pragma once
// What a model file is, found out before libtorch reads it: it says "PytorchStreamReader failed" where an operator needs to
// know what to do instead.

#include <string>

namespace lateral::plugins {

enum class Archive {
  TorchScript,  ///< torch.jit.script(...).save
  Package,      ///< torch._inductor.aoti_compile_and_package: compiled code
};

/// Reads the directory of the zip archive, nothing else; a folder is what a package was unpacked to. Throws sdk::Error: LAT_NOT_FOUND when the file cannot be opened,
/// LAT_DATA_LOSS for what is cut short or no such archive (with what it is, where that can be told), and
/// LAT_RESOURCE_EXHAUSTED when it would unpack to more than 16 GiB.
Archive archive_at(const std::string& path);

}  // namespace lateral::plugins
