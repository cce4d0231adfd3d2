#include "plugins/torch/processor_config.hpp"

#include <system_error>

namespace lateral::plugins {
namespace {

/// Whatever cannot be looked at is there: reading it says why.
std::optional<format::json::Value> read_if_there(const std::filesystem::path& path) {
  std::error_code unknown;
  if (std::filesystem::symlink_status(path, unknown).type() == std::filesystem::file_type::not_found)
    return std::nullopt;
  return format::json::read_file(path);
}

}  // namespace

std::optional<format::json::Value> read_processor_config(const std::filesystem::path& folder,
                                                         std::initializer_list<std::string_view> members) {
  if (const auto processor = read_if_there(folder / "processor_config.json")) {
    for (const auto member : members) {
      if (auto config = processor->find(member)) return config;
    }
  }
  return read_if_there(folder / "preprocessor_config.json");
}

}  // namespace lateral::plugins
