#pragma once
// The text side of an adapter file: what an adapter says about itself, as metadata and back.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/connector/adapter.hpp"
#include "core/format/safetensors.hpp"

namespace lateral::connector {

format::Metadata metadata_of(const AdapterInfo& info);

/// Throws Unsupported for a newer format version, or Corrupt naming every key that is missing, unknown or
/// malformed. `source` names the file in messages.
AdapterInfo info_of(const format::Metadata& metadata, const std::string& source);

/// Name and shape of every tensor that an adapter with this info has; computed without allocating any, so
/// that a hostile file cannot ask for memory.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> layout_of(const AdapterInfo& info);

}  // namespace lateral::connector
