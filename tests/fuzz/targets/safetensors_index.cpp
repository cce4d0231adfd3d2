// A folder of shards: the index, then two shards whose headers are text (their length is put in front here).

#include "core/format/safetensors.hpp"
#include "tests/fuzz/scratch.hpp"

namespace {

/// A shard without data, or with the bytes behind "#": hostile headers are the business of target `safetensors`.
std::string shard_of(std::string_view text) {
  if (text.empty()) return {};
  const auto header = text.substr(0, text.find('#'));
  std::string shard(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) shard[i] = static_cast<char>(header.size() >> (8 * i) & 0xFFU);
  return shard.append(header).append(text.substr(std::min(header.size() + 1, text.size())));
}

}  // namespace

void lateral::fuzz::run(Input input) {
  const auto sections = sections_of(input, 3);
  const ScratchFile index("model.safetensors.index.json", sections[0]);
  const ScratchFile first("a.safetensors", shard_of(sections[1])),
      second("b.safetensors", shard_of(sections[2]));
  const format::SafetensorsFolder folder(scratch_folder());
  for (const auto* tensor : folder.tensors()) {
    require(tensor != nullptr, "a tensor of the index is there");
    require(folder.file_of(tensor->name).find(tensor->name) == tensor, "a tensor's file has it");
  }
}
