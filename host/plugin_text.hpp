#pragma once
// What is known of a plugin without running it, for people and for programs.

#include <string>

#include "core/format/json.hpp"
#include "core/plugin/plugin_host.hpp"

namespace lateral::host {

/// One line, and one more for each reason against loading it.
std::string line_of(const plugin::PluginEntry& entry);
/// All of it.
std::string text_of(const plugin::PluginFacts& facts);
/// The members of the object that is open.
void add_facts(format::json::Writer& json, const plugin::PluginFacts& facts);

}  // namespace lateral::host
