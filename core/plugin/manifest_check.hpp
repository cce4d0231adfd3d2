#pragma once
// The manifest beside a plugin against the two other things that say what it is: the note in its ELF image and,
// once it runs, its table.

#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/inspection.hpp"
#include "core/plugin/plugin_file.hpp"

namespace lateral::plugin {

/// Reads NAME.lateral.toml beside NAME.lateral.so into the facts, and compares it with what they hold already.
/// What is wrong with it goes to the problems. Without one the plugin is loaded all the same.
void read_manifest(const PluginFile& file, const Trust& trust, PluginFacts& facts);

/// Throws AbiMismatch unless the encoders of the running plugin are what its manifest, if there is one, declares.
void require_declared(const PluginFacts& facts, const std::vector<EncoderSpec>& encoders);

}  // namespace lateral::plugin
