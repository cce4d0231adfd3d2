#pragma once
// Names in other people's tables, which become ids and paths of ours.

#include <string>
#include <string_view>

#include "core/format/json.hpp"

namespace lateral::dataset {

/// A path that stays below the folder it is relative to. Throws Corrupt, naming the value, for an absolute
/// path, one that leaves the folder by `..`, an empty one, one with control characters or above 1024 bytes.
std::string path_inside(const format::json::Value& value);
/// The same of a part of the value's text; the message names `value`.
std::string path_inside(std::string_view text, const format::json::Value& value);

/// 1 to 64 letters, digits, `-` and `_`. Throws Corrupt, naming the value.
std::string token_of(const format::json::Value& value);
/// The same of the name of an object's member; the message names `object`.
std::string token_of(std::string_view name, const format::json::Value& object);

}  // namespace lateral::dataset
