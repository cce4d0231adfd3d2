#pragma once
// Adapters on disk: one safetensors file whose metadata names base model, token space, blocks and method.
//
// Metadata keys: format ("lateral-adapter"), format_version ("1"), base_model, token_space, plugin, encoder,
// method, layers, blocks, width, inner, kv_heads, head_dim, tau, seen ("none", "token", "sample"), lora_rank
// ("0" = none), lora_alpha, hidden, seed, where they are used summary_segments, summary_kinds and pairs, library where
// that is another id than plugin, and training.KEY for what training wants to tell.
//
// What an adapter fits is decided by its token space, never by names: a plugin that is renamed, or another instance of
// the same weights, may use it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/connector/adapter.hpp"
#include "core/model/spec.hpp"

namespace lateral::connector {

/// What an adapter must have been made for.
struct AdapterUse {
  std::string base_model;   ///< fingerprint of the running model
  std::string token_space;  ///< of the running encoder
  std::int64_t width = 0;   ///< of its tokens
  model::DecoderSpec spec;  ///< layers, hidden, kv_heads, head_dim are compared
};

/// The same adapter gives the same bytes. Interrupted, it leaves the old file. Throws InvalidArgument when a
/// parameter is not finite: such an adapter would poison every answer.
void save_adapter(const std::filesystem::path& path, const Adapter& adapter);

/// Reads and checks the file by itself. Throws NotFound, Io, Unsupported (a newer format version), or Corrupt
/// naming every key and tensor that is missing, unknown, malformed, of another shape, or not finite.
Adapter load_adapter(const std::filesystem::path& path);

/// The same, and throws AbiMismatch naming everything in which the adapter and its use differ, expected and found, and
/// the plugin that it was trained with.
Adapter load_adapter(const std::filesystem::path& path, const AdapterUse& use);

/// "camera", or "signs, an instance of torch-module".
std::string trained_with(const AdapterInfo& info);

/// Everything in which they differ, one per line; empty = they fit.
std::string differences(const AdapterInfo& info, const AdapterUse& use);

}  // namespace lateral::connector
