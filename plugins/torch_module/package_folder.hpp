#pragma once
// The files of an AOTInductor package, where libtorch and the dynamic loader can open them.

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/hash.hpp"
#include "core/base/private_folder.hpp"

namespace lateral::plugins {

/// Where the files of the model lie in a package.
inline constexpr const char* kPackagePrefix = "data/aotinductor/model/";

class PackageFolder {
 public:
  /// `path`: the package, which is unpacked for as long as the object lives; or a folder that it was unpacked to, as a
  /// host does before it closes a sandbox. Throws lateral::Error: Corrupt, Unsupported, Io.
  explicit PackageFolder(const std::string& path);

  /// The compiled library, for this machine. Throws lateral::Error: Unsupported when it was compiled for another device or
  /// processor or is not compiled at all, Corrupt when the package is not whole.
  std::filesystem::path library() const;
  /// A hash of all names and bytes, the same for a package and for its folder.
  Hash64 contents() const;

 private:
  std::string path_;  ///< as it was given, for messages
  std::optional<PrivateFolder> unpacked_;
  std::filesystem::path files_;
};

}  // namespace lateral::plugins
