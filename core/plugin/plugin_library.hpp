#pragma once
// Mapping a plugin's image into the process and proving that it has left again. The only door to Boost.DLL.

#include <lateral/plugin.h>

#include <memory>
#include <string>

#include "core/plugin/loose_ends.hpp"
#include "core/plugin/sealed_image.hpp"

namespace lateral::plugin {

/// What became of a closed library.
struct Removal {
  bool unmapped = false;
  std::string reason;  ///< why it is still mapped; empty when unmapped
};

/// A library opened with RTLD_NOW | RTLD_LOCAL.
/// Construct it on the plugin's own thread: static constructors run there.
class PluginLibrary {
 public:
  /// Throws Unsupported with the loader's reason (a missing symbol or library).
  explicit PluginLibrary(std::shared_ptr<const SealedImage> image);
  /// Closes without looking.
  ~PluginLibrary();
  PluginLibrary(const PluginLibrary&) = delete;
  PluginLibrary& operator=(const PluginLibrary&) = delete;

  lat_entry entry() const noexcept { return entry_; }
  /// All of its segments.
  ImageRange range() const;

  /// Closes, flushes the loader's postponed work and proves that nothing of the library is left, by four
  /// independent witnesses: the loader's name table, its list of objects and count of removals, the kernel's
  /// executable mappings of the image's inode, and the symbol resolver at the entry's old address.
  Removal close();

 private:
  struct Handle;
  Removal witness(unsigned long long removals_before) const;

  std::shared_ptr<const SealedImage> image_;
  std::unique_ptr<Handle> handle_;
  std::string name_;
  lat_entry entry_ = nullptr;
};

}  // namespace lateral::plugin
