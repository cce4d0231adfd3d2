#include "core/dataset/table_values.hpp"

#include <algorithm>
#include <filesystem>

namespace lateral::dataset {
namespace {

constexpr std::size_t kMaxPathBytes = 1024, kMaxTokenBytes = 64;

}  // namespace

std::string path_inside(const format::json::Value& value) {
  return path_inside(value.as_string(), value);
}

std::string path_inside(std::string_view text, const format::json::Value& value) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (text.empty() || text.size() > kMaxPathBytes || std::any_of(text.begin(), text.end(), control))
    value.reject("a path of 1 to 1024 bytes without control characters");
  const auto path = std::filesystem::path(text).lexically_normal();
  if (path.is_absolute() || *path.begin() == ".." || *path.begin() == "." || !path.has_filename())
    value.reject("the path of a file that stays inside the data's folder");
  return path.string();
}

std::string token_of(const format::json::Value& value) {
  return token_of(value.as_string(), value);
}

std::string token_of(std::string_view name, const format::json::Value& object) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (name.empty() || name.size() > kMaxTokenBytes || !std::all_of(name.begin(), name.end(), plain))
    object.reject("1 to 64 letters, digits, - and _ as a token");
  return std::string(name);
}

}  // namespace lateral::dataset
