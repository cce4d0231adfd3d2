#include <set>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kWhere = "safetensors";
constexpr std::string_view kSingle = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";

// A link that leads nowhere, or to itself, is there: opening it says what is wrong with it.
bool is_there(const std::filesystem::path& path) {
  std::error_code unknown;
  return std::filesystem::exists(std::filesystem::symlink_status(path, unknown));
}

// A shard is a file of this folder: no other path that an index could name is wanted.
std::string shard_name(const json::Value& value) {
  const auto name = value.as_string();
  const bool plain = name.find_first_of(std::string_view("/\\\0", 3)) == name.npos && !name.empty() &&
                     name.front() != '.' && name.ends_with(".safetensors");
  if (!plain) value.reject("the name of a .safetensors file in the same folder");
  return std::string(name);
}

}  // namespace

SafetensorsFolder::SafetensorsFolder(const std::filesystem::path& folder) : folder_(folder) {
  // The single file counts where both are there, as in transformers: saving one over shards leaves their index behind.
  if (is_there(folder / kSingle)) {
    const auto& file = files_.emplace_back(folder / kSingle);
    for (const auto& tensor : file.tensors()) file_of_.emplace(tensor.name, 0);
    return;
  }
  const auto index_path = folder / kIndex;
  if (!is_there(index_path))
    fail(Errc::NotFound, kWhere, folder.string(), " holds neither ", kSingle, " nor ", kIndex);

  const auto map = json::read_file(index_path).at("weight_map");
  if (!map.is(json::Kind::Object)) map.reject("an object from tensor to file");
  std::map<std::string, std::size_t> shards;
  for (std::size_t i = 0; i < map.size(); ++i) {
    const auto [shard, added] = shards.emplace(shard_name(map[i]), files_.size());
    if (added) files_.emplace_back(folder / shard->first);
    if (files_[shard->second].find(map.key(i)) == nullptr) {
      fail(Errc::Corrupt, kWhere, map[i].place(), ": ", shard->first, " holds no such tensor");
    }
    file_of_.emplace(map.key(i), shard->second);
  }
  for (const auto& file : files_) {
    for (const auto& tensor : file.tensors()) {
      const auto found = file_of_.find(tensor.name);
      if (found != file_of_.end() && &files_[found->second] == &file) continue;
      fail(Errc::Corrupt, kWhere, file.path().string(), ": tensor ", json::quote(tensor.name),
           found == file_of_.end() ? " is missing from " : " is placed elsewhere by ", kIndex);
    }
  }
}

const TensorView* SafetensorsFolder::find(std::string_view name) const noexcept {
  const auto found = file_of_.find(name);
  return found == file_of_.end() ? nullptr : files_[found->second].find(name);
}

const SafetensorsFile& SafetensorsFolder::file_of(std::string_view name) const {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) {
    fail(Errc::NotFound, kWhere, folder_.string(), " has no tensor ", json::quote(name));
  }
  return files_[found->second];
}

const TensorView& SafetensorsFolder::at(std::string_view name) const {
  return file_of(name).at(name);
}

std::vector<const TensorView*> SafetensorsFolder::tensors() const {
  std::vector<const TensorView*> all;
  all.reserve(file_of_.size());
  for (const auto& [name, file] : file_of_) all.push_back(files_[file].find(name));
  return all;
}

}  // namespace lateral::format
