#pragma once
// What can be known of a plugin without running any of its code, and whether this host may load it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/manifest.hpp"
#include "core/plugin/elf_reader.hpp"
#include "core/plugin/isolation.hpp"

namespace lateral::plugin {

struct PluginFacts {
  std::filesystem::path file;
  std::string library_id;  ///< compiled into the library; what a host calls it is Revision::id()
  std::string version;
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor_built = 0;
  std::uint32_t abi_minor_required = 0;
  std::uint32_t flags = 0;
  std::uint64_t bytes = 0;
  std::string sha256;                        ///< of the bytes that were looked at; empty until verified
  std::string glibc;                         ///< the newest version of glibc it asks for; empty = none
  std::optional<config::Manifest> manifest;  ///< what its author wrote beside it
  std::vector<std::string> needed;
  std::vector<std::string> host_libraries;  ///< files of this program that it needs and gets, in a worker too
  std::vector<std::string> problems;        ///< why it will be loaded nowhere; empty = may be
  std::vector<std::string> thread_problems;  ///< why it may only be loaded in a worker process
  std::vector<std::string> pins;             ///< what would keep it mapped after unloading
  std::vector<std::string> warnings;         ///< what may keep it from unloading or surprise the host

  bool resident() const { return (flags & LAT_PLUGIN_RESIDENT) != 0; }
};

/// Reads the ELF image and judges it for each isolation. (verify() adds what the file's owner, its permissions
/// and its manifest say.) `host_libraries`: see library_of_host(), `stand_in`.
/// Throws as read_elf, with `file` in the message.
PluginFacts inspect(const std::filesystem::path& file, std::span<const std::byte> image,
                    const std::filesystem::path& host_libraries = {});

/// The same from disk. Throws also NotFound and Io.
PluginFacts inspect(const std::filesystem::path& file, const std::filesystem::path& host_libraries = {});

/// What speaks against loading it there; empty = nothing.
std::vector<std::string> problems_in(const PluginFacts& facts, Isolation isolation);

/// Throws AbiMismatch or Unsupported, naming all of problems_in(), unless there are none.
void require_loadable(const PluginFacts& facts, Isolation isolation);

}  // namespace lateral::plugin
