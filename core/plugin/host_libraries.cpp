#include "core/plugin/host_libraries.hpp"

#include <dlfcn.h>
#include <link.h>

#include "core/base/error.hpp"

namespace lateral::plugin {

std::filesystem::path library_of_host(const std::string& name) {
  if ((!name.starts_with("libtorch") && !name.starts_with("libc10")) || name.find('/') != name.npos)
    return {};
  void* const handle = ::dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return {};
  link_map* map = nullptr;
  const bool found = ::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr;
  std::filesystem::path file = found ? map->l_name : "";
  ::dlclose(handle);
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
