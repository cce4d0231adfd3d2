#include "plugins/torch_module/package_folder.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/format/zip.hpp"

namespace lateral::plugins {
namespace {

namespace fs = std::filesystem;
constexpr const char* kWhere = "package";

/// In the order of their names.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

PrivateFolder make_folder(const std::string& path) {
  try {
    return {};
  } catch (const Error& error) {
    fail(error.code(), kWhere, "there is no place to unpack ", path, ": ", error.what(),
         " (for a sandbox the host unpacks it, when the plugin's manifest lies beside the plugin)");
  }
}

/// The instructions that are used and that this processor lacks; empty when it has all that were asked for.
std::string lacking(const std::string& instructions) {
#if defined(__x86_64__)
  const auto wants = [&](const char* name) { return instructions.find(name) != instructions.npos; };
  if (wants("AVX512") && __builtin_cpu_supports("avx512f") == 0) return "AVX512";
  if (wants("AVX512_VNNI") && __builtin_cpu_supports("avx512vnni") == 0) return "AVX512_VNNI";
  if (wants("AVX2") && __builtin_cpu_supports("avx2") == 0) return "AVX2";
#else
  (void)instructions;
#endif
  return {};
}

std::string this_machine() {
  utsname name{};
  return ::uname(&name) == 0 ? name.machine : "";
}

}  // namespace

PackageFolder::PackageFolder(const std::string& path) : path_(path), files_(fs::path(path) / kPackagePrefix) {
  if (fs::is_directory(path)) return;
  unpacked_.emplace(make_folder(path));
  files_ = unpacked_->path() / kPackagePrefix;
  if (format::unpack_zip(path, kPackagePrefix, unpacked_->path()) == 0)
    fail(Errc::Corrupt, kWhere, path, " has no model named \"model\"; make it with aoti_compile_and_package");
}

fs::path PackageFolder::library() const {
  const auto files = files_in(files_);
  const auto is_library = [](const fs::path& file) { return file.extension() == ".so"; };
  const auto library = std::find_if(files.begin(), files.end(), is_library);
  if (library == files.end())
    fail(Errc::Unsupported, kWhere, path_,
         " holds no compiled library; compile it again with package_cpp_only = False");
  if (std::count_if(files.begin(), files.end(), is_library) > 1)
    fail(Errc::Corrupt, kWhere, path_, " holds more than one library; unpack it into an empty folder");
  auto about = *library;
  about.replace_filename(library->stem().string() + "_metadata.json");
  if (!fs::exists(about)) fail(Errc::Corrupt, kWhere, path_, " lacks ", about.filename().string());
  const auto metadata = format::json::read_file(about);
  const std::string device = metadata.get("AOTI_DEVICE_KEY", "");
  if (device != "cpu")
    fail(Errc::Unsupported, kWhere, path_, " was compiled for the device \"", device,
         "\"; torch-module computes on the CPU: export and compile the module there");
  const std::string machine = metadata.get("AOTI_MACHINE", "");
  if (!machine.empty() && machine != this_machine())
    fail(Errc::Unsupported, kWhere, path_, " was compiled for ", machine, ", this is ", this_machine(),
         "; compile it here");
  const auto missing = lacking(metadata.get("AOTI_CPU_ISA", ""));
  if (!missing.empty())
    fail(Errc::Unsupported, kWhere, path_, " was compiled for a processor with ", missing,
         ", which this one lacks; compile it here");
  return *library;
}

Hash64 PackageFolder::contents() const {
  Hash64 hash;
  for (const auto& file : files_in(files_)) {
    const MappedFile mapped(file);
    hash.add(std::string_view(file.filename().native()))
        .add(static_cast<std::uint64_t>(mapped.bytes().size()))
        .add(mapped.bytes());
  }
  return hash;
}

}  // namespace lateral::plugins
