#include "core/conformance/libtorch.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "core/base/error.hpp"
#include "core/plugin/host_libraries.hpp"
#include "core/plugin/inspection.hpp"
#include "core/plugin/worker/limits.hpp"

namespace lateral::conformance {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libtorch_cpu.so";
/// More than one, as hosts have it: work that is shared among threads must give the same bits, and be seen when it is
/// not.
constexpr unsigned kThreads = 2;

/// `folder` or its lib/, whichever holds the libraries.
fs::path with_libraries(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& place : {folder, folder / "lib"}) {
    if (!folder.empty() && fs::is_regular_file(place / kLibrary, ignored)) return fs::absolute(place);
  }
  return {};
}

fs::path from_environment() {
  if (const char* const named = std::getenv("LATERAL_TORCH")) {
    if (auto folder = with_libraries(named); !folder.empty()) return folder;
  }
  const char* const list = std::getenv("LD_LIBRARY_PATH");
  std::istringstream folders(list == nullptr ? "" : list);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (auto found = with_libraries(folder); !found.empty()) return found;
  }
  return {};
}

/// What a mapped libtorch exports, by its mangled name.
class Symbols {
 public:
  Symbols() : library_(::dlopen(kLibrary, RTLD_LAZY | RTLD_NOLOAD)) {}
  ~Symbols() {
    if (library_ != nullptr) ::dlclose(library_);
  }
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  template <typename Function>
  Function* find(const char* mangled) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(library_, mangled));
  }

 private:
  void* library_;
};

std::string name_of_type(std::int8_t type) {
  switch (type) {  // c10::ScalarType
    case 5:
      return "float16";
    case 6:
      return "float32";
    case 7:
      return "float64";
    case 15:
      return "bfloat16";
    default:
      return "type " + std::to_string(type);
  }
}

}  // namespace

fs::path find_libtorch(const fs::path& given) {
  if (!given.empty()) {
    auto folder = with_libraries(given);
    if (folder.empty()) {
      fail(Errc::NotFound, "check", "--libtorch: neither ", given.string(), " nor its lib/ holds ", kLibrary,
           "; name the folder of the libtorch that the plugin was built with");
    }
    return folder;
  }
  if (const auto mapped = plugin::library_of_host(kLibrary); !mapped.empty()) return mapped.parent_path();
  return from_environment();
}

void map_libtorch(const fs::path& folder, const fs::path& plugin) {
  plugin::worker::limit_compute_threads(kThreads);
  plugin::map_libraries(plugin::inspect(plugin, folder).host_libraries);
}

std::map<std::string, std::string> libtorch_settings() {
  const Symbols symbols;
  std::map<std::string, std::string> settings;
  const auto tell_number = [&](const char* name, const char* mangled) {
    if (auto* const get = symbols.find<int()>(mangled)) settings[name] = std::to_string(get());
  };
  const auto tell_switch = [&](const char* name, const char* mangled) {
    if (auto* const get = symbols.find<bool()>(mangled)) settings[name] = get() ? "on" : "off";
  };
  tell_number("number of threads", "_ZN2at15get_num_threadsEv");
  tell_number("number of threads between operations", "_ZN2at23get_num_interop_threadsEv");
  tell_switch("recording of gradients", "_ZN3c108GradMode10is_enabledEv");
  tell_switch("inference mode", "_ZN3c1013InferenceMode10is_enabledEv");
  if (auto* const get = symbols.find<std::int8_t()>("_ZN3c1031get_default_dtype_as_scalartypeEv"))
    settings["default type"] = name_of_type(get());
  auto* const context_of = symbols.find<void*()>("_ZN2at13globalContextEv");
  if (context_of == nullptr) return settings;
  const auto tell_of_context = [&](const char* name, const char* mangled) {
    // A member function of at::Context: the object is its first argument.
    if (auto* const get = symbols.find<bool(const void*)>(mangled))
      settings[name] = get(context_of()) ? "on" : "off";
  };
  tell_of_context("deterministic algorithms", "_ZNK2at7Context23deterministicAlgorithmsEv");
  tell_of_context("use of oneDNN", "_ZNK2at7Context17userEnabledMkldnnEv");
  return settings;
}

}  // namespace lateral::conformance
