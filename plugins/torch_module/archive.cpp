#include "plugins/torch_module/archive.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include <lateral/sdk/error.hpp>

#include "core/base/error.hpp"
#include "core/format/zip.hpp"
#include "plugins/torch_module/package_folder.hpp"

namespace lateral::plugins {
namespace {

constexpr std::uint64_t kMaxUnpacked = 16ULL << 30U;

/// Names without the folder that everything is in.
std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::uint64_t unpacked = 0;
  for (auto& entry : format::zip_contents(path)) {
    if (entry.bytes > kMaxUnpacked || (unpacked += entry.bytes) > kMaxUnpacked) {
      sdk::fail(LAT_RESOURCE_EXHAUSTED, path, " unpacks to more than 16 GiB");
    }
    names.push_back(std::move(entry.name));
  }
  return names;
}

[[noreturn]] void no_archive(const std::string& path) {
  const bool pickle = std::ifstream(path, std::ios::binary).get() == 0x80;
  sdk::fail(LAT_DATA_LOSS, path, " is neither TorchScript nor an AOTInductor package",
            pickle ? " (it is a pickle, which is never read)" : "",
            "; make one with torch.jit.script(model).save(...)");
}

Archive in_folder(const std::string& path) {
  if (std::filesystem::is_directory(std::filesystem::path(path) / kPackagePrefix)) return Archive::Package;
  sdk::fail(LAT_DATA_LOSS, path, " is a folder without ", kPackagePrefix,
            "; name a model's file, or what an AOTInductor package was unpacked to");
}

Archive in_file(const std::string& path) {
  if (!format::is_zip(path)) no_archive(path);
  const auto names = names_in(path);
  const auto has = [&](std::string_view prefix) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return name.starts_with(prefix); });
  };
  if (has("data/aotinductor/")) return Archive::Package;
  if (has("code/") && has("constants.pkl")) return Archive::TorchScript;
  if (has("models/")) {
    sdk::fail(LAT_DATA_LOSS, path,
              " is an exported program that is not compiled; compile it with "
              "torch._inductor.aoti_compile_and_package(torch.export.load(...))");
  }
  if (has("data.pkl")) {
    sdk::fail(LAT_DATA_LOSS, path,
              " holds weights without the code of a module (torch.save); load them in Python and "
              "save the module with torch.jit.script(model).save(...)");
  }
  no_archive(path);
}

}  // namespace

Archive archive_at(const std::string& path) {
  try {
    return std::filesystem::is_directory(path) ? in_folder(path) : in_file(path);
  } catch (const Error& error) {
    if (error.code() == Errc::NotFound || error.code() == Errc::Io)
      sdk::fail(LAT_NOT_FOUND, error.what(), "; name the model's file in the option \"file\"");
    sdk::fail(LAT_DATA_LOSS, error.what());
  }
}

}  // namespace lateral::plugins
