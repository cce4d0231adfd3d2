#pragma once
// Where a Hugging Face directory says how pictures and sound are prepared for a model.

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "core/format/json.hpp"

namespace lateral::plugins {

/// The first of `members` that FOLDER/processor_config.json has (all that transformers 5 writes), or else all of
/// FOLDER/preprocessor_config.json; nothing where neither is there. Throws as format::json::read_file, also for a link that
/// leads nowhere.
std::optional<format::json::Value> read_processor_config(const std::filesystem::path& folder,
                                                         std::initializer_list<std::string_view> members);

}  // namespace lateral::plugins
