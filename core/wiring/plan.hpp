#pragma once
// What is to be connected, before any tensor exists: ids, method and blocks of every connection.

#include <span>
#include <string>
#include <string_view>

#include "core/wiring/block_set.hpp"
#include "core/wiring/method.hpp"

namespace lateral::wiring {

/// One connection as a configuration or a command asks for it.
struct ConnectionPlan {
  std::string id;       ///< its name in the wiring, unique there; by default the plugin's id
  std::string plugin;   ///< id of the plugin that encodes
  std::string encoder;  ///< id of the encoder within the plugin
  Method method = Method::LateKv;
  BlockSet blocks;
};

/// Throws InvalidArgument unless `id` is 1 to 64 of a-z A-Z 0-9 . _ - and begins with a letter or digit: ids
/// appear in commands, file names and metadata. `what` says whose id it is.
void check_id(std::string_view id, std::string_view what);

/// Throws InvalidArgument when an id is malformed or appears twice, or when the plans disagree about the
/// number of layers.
void check(std::span<const ConnectionPlan> plans);

}  // namespace lateral::wiring
