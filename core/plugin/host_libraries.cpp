#include "core/plugin/host_libraries.hpp"

#include <dlfcn.h>
#include <link.h>

#include "core/base/error.hpp"

namespace lateral::plugin {
namespace {

/// Empty when nothing of that name is mapped.
std::filesystem::path mapped_file(const std::string& name) {
  void* const handle = ::dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return {};
  link_map* map = nullptr;
  const bool found = ::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr;
  std::filesystem::path file = found ? map->l_name : "";
  ::dlclose(handle);
  return file;
}

}  // namespace

bool is_shared_with_host(std::string_view name) {
  return (name.starts_with("libtorch") || name.starts_with("libc10")) && name.find('/') == name.npos;
}

std::filesystem::path library_of_host(const std::string& name, const std::filesystem::path& stand_in) {
  if (!is_shared_with_host(name)) return {};
  auto file = mapped_file(name);
  if (file.empty() && !stand_in.empty()) file = stand_in / name;
  std::error_code error;
  auto real = std::filesystem::canonical(file, error);  // a worker may have another working directory
  return error ? std::filesystem::path() : real;
}

void map_libraries(std::span<const std::string> files) {
  for (const auto& file : files) {
    if (::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr)
      fail(Errc::Unsupported, "plugin", "cannot share the host's library: ", ::dlerror());
  }
}

}  // namespace lateral::plugin
