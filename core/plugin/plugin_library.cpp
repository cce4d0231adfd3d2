#define BOOST_DLL_USE_STD_FS
#include "core/plugin/plugin_library.hpp"

#include <dlfcn.h>
#include <link.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <utility>

#include "core/base/error.hpp"

#if LAT_SANITIZER == LAT_SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>
#endif

namespace lateral::plugin {
namespace {

struct Sought {
  const std::string& name;
  bool found = false;
  ImageRange range{};
};

ImageRange range_of(const dl_phdr_info& info) {
  ImageRange range{UINTPTR_MAX, 0};
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
    range = {std::min(range.begin, begin), std::max<std::uintptr_t>(range.end, begin + segment.p_memsz)};
  }
  return range;
}

int compare_object(dl_phdr_info* info, std::size_t, void* user) {
  auto& sought = *static_cast<Sought*>(user);
  if (sought.name != info->dlpi_name) return 0;
  sought.found = true;
  sought.range = range_of(*info);
  return 1;
}

bool loader_lists(const std::string& name) {
  Sought sought{name};
  ::dl_iterate_phdr(&compare_object, &sought);
  return sought.found;
}

/// How many objects the loader has ever taken out.
unsigned long long loader_removals() {
  unsigned long long count = 0;
  const auto read = [](dl_phdr_info* info, std::size_t, void* user) {
    *static_cast<unsigned long long*>(user) = info->dlpi_subs;
    return 1;
  };
  ::dl_iterate_phdr(read, &count);
  return count;
}

bool loader_knows(const std::string& name) {
  void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  ::dlclose(handle);
  return true;
}

/// Executable mappings only: a backtrace printer may leave a harmless read-only one behind.
bool kernel_maps(dev_t device, ino_t inode) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    char access[5] = "";
    unsigned major_number = 0;
    unsigned minor_number = 0;
    std::uint64_t number = 0;
    if (std::sscanf(line.c_str(), "%*x-%*x %4s %*x %x:%x %" SCNu64, access, &major_number, &minor_number,
                    &number) != 4) {
      continue;
    }
    if (access[2] == 'x' && number == inode && ::makedev(major_number, minor_number) == device) return true;
  }
  return false;
}

bool resolver_knows(lat_entry entry, const std::string& name) {
  Dl_info info{};
  return ::dladdr(reinterpret_cast<const void*>(entry), &info) != 0 && info.dli_fname != nullptr &&
         name == info.dli_fname;
}

/// glibc postpones unmapping a library whose thread-local destructors were pending until some other library
/// is really closed. These two are parts of glibc that nothing links any more.
void flush_loader() {
  for (const char* const name : {"libBrokenLocale.so.1", "libanl.so.1"}) {
    if (void* const handle = ::dlopen(name, RTLD_LAZY | RTLD_LOCAL)) ::dlclose(handle);
  }
}

// The loader's lock orders what a library did before whatever is mapped at its addresses later. The thread sanitizer does not
// see that lock, and takes the data of the one for data of the other.
#if LAT_SANITIZER == LAT_SANITIZER_THREAD
char loader_lock;
void after_others_closed() {
  __tsan_acquire(&loader_lock);
}
void before_others_open() {
  __tsan_release(&loader_lock);
}
#else
void after_others_closed() {}
void before_others_open() {}
#endif

}  // namespace

struct PluginLibrary::Handle {
  boost::dll::shared_library library;
};

PluginLibrary::PluginLibrary(std::shared_ptr<const SealedImage> image)
    : image_(std::move(image)), handle_(std::make_unique<Handle>()), name_(image_->loader_path().string()) {
  // Boost's message is generic; the loader's own names the symbol or library that is missing.
  boost::dll::fs::error_code error;
  ::dlerror();
  after_others_closed();
  handle_->library.load(image_->loader_path(), error,
                        boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  after_others_closed();  // also while this one was read
  if (error) {
    const char* const reason = ::dlerror();
    fail(Errc::Unsupported, "plugin",
         "the loader refuses it: ", reason != nullptr ? reason : error.message());
  }
  if (!handle_->library.has(LAT_ENTRY_NAME)) fail(Errc::Unsupported, "plugin", "has no ", LAT_ENTRY_NAME);
  entry_ = &handle_->library.get<const lat_plugin*(const lat_host*)>(LAT_ENTRY_NAME);
}

PluginLibrary::~PluginLibrary() = default;

ImageRange PluginLibrary::range() const {
  Sought sought{name_};
  ::dl_iterate_phdr(&compare_object, &sought);
  return sought.range;
}

Removal PluginLibrary::close() {
  const auto before = loader_removals();
  before_others_open();
  handle_->library.unload();  // says nothing about success: is_loaded() is false for a library that stays
  Removal result = witness(before);
  if (!result.unmapped) {
    flush_loader();
    result = witness(before);
  }
  return result;
}

Removal PluginLibrary::witness(unsigned long long removals_before) const {
  if (loader_knows(name_)) return {false, "the loader still knows it"};
  if (loader_lists(name_)) return {false, "the loader still lists it"};
  if (loader_removals() <= removals_before) return {false, "the loader has not removed anything"};
  if (kernel_maps(image_->device(), image_->inode())) return {false, "its code is still mapped"};
  if (resolver_knows(entry_, name_)) return {false, "its entry still resolves"};
  return {true, {}};
}

}  // namespace lateral::plugin
