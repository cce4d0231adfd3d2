#pragma once
// Models as directories in Hugging Face's layout: config.json, model.safetensors or shards with an index,
// generation_config.json where there is one.

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <filesystem>

#include "core/model/decoder.hpp"

namespace lateral::model {

/// Loads a frozen decoder. Weights whose type is `dtype` and that lie 64-byte aligned in the file stay mapped
/// on the CPU; the others are copied when their block is first used, piece by piece, and the file's pages are
/// given back: a tensor is in memory once, in one form or the other. Throws NotFound, Corrupt or Unsupported
/// (a model family or weights as pickles, with advice), and InvalidArgument with the missing, unexpected or
/// wrongly shaped tensors at once.
Decoder load_model(const std::filesystem::path& folder, at::ScalarType dtype = at::kFloat,
                   at::Device device = at::kCPU);

/// Writes config.json and model.safetensors such that load_model() and transformers read them. Overwrites
/// both, the weights first. Throws Io, Unsupported.
void save_model(const Decoder& decoder, const std::filesystem::path& folder);

}  // namespace lateral::model
