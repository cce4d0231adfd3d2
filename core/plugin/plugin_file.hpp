#pragma once
// A plugin's file, opened once. All that is said about it and read from it goes through the descriptors that
// were opened, so nobody can exchange it between the look and the use.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/descriptor.hpp"
#include "core/plugin/trust.hpp"

namespace lateral::plugin {

/// Larger files are not read.
inline constexpr std::uint64_t kMaxPluginBytes = std::uint64_t{1} << 30U;

class PluginFile {
 public:
  /// Resolves links, once. Throws NotFound, Io, InvalidArgument (a directory, a pipe, ...), or Unsupported for
  /// the program's own file.
  static PluginFile open(const std::filesystem::path& named);

  /// A file of the same folder, without following links; nothing where there is none.
  /// Throws Io or InvalidArgument.
  std::optional<PluginFile> beside(const std::string& name) const;

  /// The real path.
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Throws Io, or ResourceExhausted when it is larger.
  std::vector<std::byte> read(std::uint64_t max_bytes) const;

  /// Why the file, and the folder it lies in, are not to be trusted; empty = they are.
  std::vector<std::string> objections(const Trust& trust) const;

 private:
  PluginFile(std::filesystem::path path, Descriptor folder);

  std::filesystem::path path_;
  Descriptor folder_;
  Descriptor file_;
  struct stat status_ {};
};

}  // namespace lateral::plugin
