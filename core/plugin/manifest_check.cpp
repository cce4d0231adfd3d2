#include "core/plugin/manifest_check.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/error.hpp"
#include "core/plugin/glibc_version.hpp"

namespace lateral::plugin {
namespace {

constexpr std::string_view kSuffix = ".lateral.so";

void compare_with_note(const config::Manifest& manifest, PluginFacts& facts) {
  const auto same = [&](const std::string& declared, const std::string& found, std::string_view what) {
    if (declared == found) return;
    facts.problems.push_back("its manifest says " + std::string(what) + " " + declared + ", its ELF note " +
                             found);
  };
  same(manifest.id, facts.library_id, "id");
  same(manifest.version, facts.version, "version");
  same(manifest.abi, std::to_string(facts.abi_major) + "." + std::to_string(facts.abi_minor_built), "abi");
  same(manifest.unload, facts.resident() ? "resident" : "unmap", "unload");
}

void compare_with_file(const config::Manifest& manifest, PluginFacts& facts) {
  if (manifest.sha256 != facts.sha256) {
    facts.problems.push_back("is not the file its manifest was made for (sha256 " + facts.sha256 +
                             ", there " + manifest.sha256 + "); build it again, or remove the manifest");
  }
  const auto oldest = parse_glibc(manifest.glibc);
  const auto running = parse_glibc(running_glibc());
  if (oldest && running && *oldest > *running) {
    facts.problems.push_back("its manifest says glibc " + manifest.glibc + " or later, this is " +
                             running_glibc());
  }
  const auto wanted = parse_glibc(facts.glibc);
  if (oldest && wanted && *wanted > *oldest) {
    facts.problems.push_back("its manifest says glibc " + manifest.glibc + ", it needs " + facts.glibc);
  }
  const bool starts =
      std::any_of(facts.warnings.begin(), facts.warnings.end(),
                  [](const std::string& warning) { return warning.starts_with("starts threads"); });
  if (starts && manifest.threads == "none") {
    facts.warnings.emplace_back("its manifest says threads \"none\", but it can start some");
  }
}

/// NAME.lateral.toml; nothing for a library that is not called NAME.lateral.so.
std::string sidecar_of(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(kSuffix) ? name.substr(0, name.size() - 2) + "toml" : std::string();
}

template <typename... Parts>
[[noreturn]] void differs(const PluginFacts& facts, const Parts&... parts) {
  fail(Errc::AbiMismatch, facts.library_id, parts..., " (", facts.manifest->file.string(), ")");
}

void require_input(const PluginFacts& facts, const config::ManifestInput& declared, const InputSpec& input) {
  if (declared.kind != name_of(input.kind)) {
    differs(facts, "its input \"", input.name, "\" is ", name_of(input.kind), ", its manifest says ",
            declared.kind);
  }
  const auto admits = [](std::int64_t stated, std::int64_t size) { return stated == -1 || stated == size; };
  if (!declared.shape.empty() && !std::equal(declared.shape.begin(), declared.shape.end(),
                                             input.shape.begin(), input.shape.end(), admits)) {
    differs(facts, "its input \"", input.name, "\" has another shape than its manifest says");
  }
  if (!declared.columns.empty() && declared.columns != input.columns) {
    differs(facts, "its input \"", input.name, "\" has other columns than its manifest says");
  }
  if (declared.optional != input.optional) {
    differs(facts, "its input \"", input.name, "\" is ", input.optional ? "" : "not ",
            "optional, its manifest says otherwise");
  }
}

void require_inputs(const PluginFacts& facts, const config::ManifestEncoder& declared,
                    const EncoderSpec& encoder) {
  if (declared.any_inputs) return;
  if (declared.inputs.size() != encoder.inputs.size()) {
    differs(facts, "its encoder \"", encoder.name, "\" has ", encoder.inputs.size(),
            " inputs, its manifest says ", declared.inputs.size());
  }
  for (const auto& input : encoder.inputs) {
    const auto found = std::find_if(declared.inputs.begin(), declared.inputs.end(),
                                    [&](const auto& one) { return one.name == input.name; });
    if (found == declared.inputs.end())
      differs(facts, "its manifest does not declare the input \"", input.name, "\"");
    require_input(facts, *found, input);
  }
}

void require_encoder(const PluginFacts& facts, const config::ManifestEncoder& declared,
                     const EncoderSpec& encoder) {
  const auto same = [&](const auto& stated, const auto& found, std::string_view what) {
    if (stated != found) {
      differs(facts, "its encoder \"", encoder.name, "\" has ", what, " ", found, ", its manifest says ",
              stated);
    }
  };
  if (!declared.modality.empty()) same(declared.modality, encoder.modality, "modality");
  if (!declared.token_space.empty()) same(declared.token_space, encoder.token_space, "token space");
  if (declared.token_width != 0) same(declared.token_width, std::int64_t{encoder.token_width}, "token width");
  if (declared.max_tokens != 0) same(declared.max_tokens, std::int64_t{encoder.max_tokens}, "max_tokens");
  require_inputs(facts, declared, encoder);
  for (const auto& extra : encoder.extras) {
    const std::string capability = "lateral.token-" + extra.name + "/1";
    const auto& all = facts.manifest->capabilities;
    if (std::find(all.begin(), all.end(), capability) == all.end())
      differs(facts, "its manifest does not declare the capability ", capability);
  }
}

}  // namespace

void read_manifest(const PluginFile& file, const Trust& trust, PluginFacts& facts) {
  const std::string name = sidecar_of(file.path());
  try {
    const auto sidecar = name.empty() ? std::nullopt : file.beside(name);
    if (!sidecar) return;
    for (auto& objection : sidecar->objections(trust)) {
      if (std::find(facts.problems.begin(), facts.problems.end(), objection) == facts.problems.end())
        facts.problems.push_back(std::move(objection));
    }
    const auto bytes = sidecar->read(config::kMaxManifestBytes);
    facts.manifest = config::parse_manifest({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                            sidecar->path(), LAT_ABI_MINOR);
  } catch (const Error& error) {
    facts.problems.push_back("its manifest cannot be used: " + std::string(error.what()));
    return;
  }
  compare_with_note(*facts.manifest, facts);
  compare_with_file(*facts.manifest, facts);
}

void require_declared(const PluginFacts& facts, const std::vector<EncoderSpec>& encoders) {
  if (!facts.manifest) return;
  const auto& declared = facts.manifest->encoders;
  if (declared.size() != encoders.size()) {
    differs(facts, "has ", encoders.size(), " encoders, its manifest says ", declared.size());
  }
  for (const auto& encoder : encoders) {
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&](const auto& one) { return one.name == encoder.name; });
    if (found == declared.end())
      differs(facts, "its manifest does not declare the encoder \"", encoder.name, "\"");
    require_encoder(facts, *found, encoder);
  }
}

}  // namespace lateral::plugin
