#pragma once
// Random weights of a LIMU-BERT that is small enough for any test.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/format/safetensors.hpp"

namespace lateral::test {

using Arrays = std::map<std::string, std::pair<std::vector<std::int64_t>, std::vector<float>>>;

/// Width 8, windows of 12 readings.
inline Arrays small_weights(std::int64_t channels = 6) {
  Random random(5);
  Arrays arrays;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t n = 1;
    for (const auto size : shape) n *= size;
    auto& [stored, values] = arrays["transformer." + name];
    stored = std::move(shape);
    for (std::int64_t i = 0; i < n; ++i) values.push_back(0.5F * random.normal());
  };
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  };
  linear("embed.lin", 8, channels);
  add("embed.pos_embed.weight", {12, 8});
  for (const char* name : {"attn.proj_q", "attn.proj_k", "attn.proj_v", "proj"}) linear(name, 8, 8);
  linear("pwff.fc1", 10, 8);
  linear("pwff.fc2", 8, 10);
  for (const char* name : {"embed.norm", "norm1", "norm2"}) {
    add(std::string(name) + ".gamma", {8});
    add(std::string(name) + ".beta", {8});
  }
  return arrays;
}

inline void write(const std::filesystem::path& path, const Arrays& arrays) {
  std::vector<format::TensorView> views;
  for (const auto& [name, array] : arrays)
    views.push_back({name, format::Dtype::F32, array.first, std::as_bytes(std::span(array.second))});
  format::write_safetensors(path, views);
}

}  // namespace lateral::test
