#include "host/plugin_text.hpp"

#include "core/base/error.hpp"
#include "host/events.hpp"

namespace lateral::host {
namespace {

using config::Manifest;
using config::ManifestEncoder;
using config::ManifestInput;

std::string abi(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

std::string shape_of(const ManifestInput& input) {
  std::string text;
  for (const auto axis : input.shape)
    text += (text.empty() ? "" : ", ") + (axis < 0 ? "any" : std::to_string(axis));
  return text.empty() ? input.kind : input.kind + " [" + text + "]";
}

std::string text_of(const ManifestEncoder& encoder) {
  std::string text = "\n  encoder " + encoder.name;
  if (!encoder.modality.empty()) text += " (" + encoder.modality + ")";
  text += encoder.max_tokens == 0
              ? ": sizes as in its weights"
              : lateral::detail::concat(": at most ", encoder.max_tokens, " tokens of ", encoder.token_width);
  if (!encoder.token_space.empty()) text += ", token space " + encoder.token_space;
  for (const auto& input : encoder.inputs) {
    text += "\n    input " + input.name + ": " + shape_of(input) + (input.optional ? ", optional" : "");
    if (!input.columns.empty()) text += ", columns " + joined(input.columns);
  }
  return text;
}

std::string text_of(const Manifest& manifest) {
  std::string text = "\n  manifest: " + manifest.file.string() +
                     "\n  licence: " + (manifest.licence.empty() ? "not stated" : manifest.licence) +
                     "\n  capabilities: " + joined(manifest.capabilities, "none");
  for (const auto& encoder : manifest.encoders) text += text_of(encoder);
  for (const auto& option : manifest.options) {
    text += "\n  option " + option.key + " (" + option.type + ")";
    if (!option.description.empty()) text += ": " + option.description;
  }
  return text;
}

std::string problems_of(const plugin::PluginFacts& facts) {
  std::string text;
  for (const auto& problem : facts.problems) text += "\n  will not be loaded: " + problem;
  for (const auto& problem : facts.thread_problems) text += "\n  not in a thread of the host: " + problem;
  return text;
}

void add_encoder(format::json::Writer& json, const ManifestEncoder& encoder) {
  json.begin_object()
      .member("name", encoder.name)
      .member("modality", encoder.modality)
      .member("token_space", encoder.token_space)
      .member("token_width", encoder.token_width)
      .member("max_tokens", encoder.max_tokens)
      .key("inputs")
      .begin_array();
  for (const auto& input : encoder.inputs) {
    json.begin_object().member("name", input.name).member("kind", input.kind).key("shape").begin_array();
    for (const auto axis : input.shape) json.value(axis);
    json.end_array();
    add_strings(json, "columns", input.columns);
    json.member("optional", input.optional).end_object();
  }
  json.end_array().end_object();
}

void add_manifest(format::json::Writer& json, const Manifest& manifest) {
  json.begin_object()
      .member("file", manifest.file.string())
      .member("licence", manifest.licence)
      .member("threads", manifest.threads)
      .member("unload", manifest.unload)
      .member("glibc", manifest.glibc);
  add_strings(json, "capabilities", manifest.capabilities);
  json.key("encoders").begin_array();
  for (const auto& encoder : manifest.encoders) add_encoder(json, encoder);
  json.end_array().key("options").begin_array();
  for (const auto& option : manifest.options) {
    json.begin_object()
        .member("key", option.key)
        .member("type", option.type)
        .member("description", option.description)
        .end_object();
  }
  json.end_array().end_object();
}

}  // namespace

std::string line_of(const plugin::PluginEntry& entry) {
  if (!entry.facts) return entry.file.string() + ": " + entry.message;
  const auto& facts = *entry.facts;
  return facts.library_id + " " + facts.version + "  " + entry.file.string() +
         (facts.manifest ? "" : "  (no manifest)") + problems_of(facts);
}

std::string text_of(const plugin::PluginFacts& facts) {
  std::string text = facts.library_id + " " + facts.version + "\n  file: " + facts.file.string() + " (" +
                     std::to_string(facts.bytes) + " bytes)\n  sha256: " + facts.sha256 +
                     "\n  ABI: " + abi(facts.abi_major, facts.abi_minor_built) + ", needs at least " +
                     abi(facts.abi_major, facts.abi_minor_required) +
                     "\n  libraries: " + joined(facts.needed, "none");
  if (!facts.glibc.empty()) text += "; glibc " + facts.glibc + " or later";
  text += facts.manifest ? text_of(*facts.manifest) : "\n  no manifest";
  text += "\n  unless configured: " + std::string(plugin::note_of(plugin::default_isolation(facts)));
  for (const auto& warning : facts.warnings) text += "\n  warning: " + warning;
  return text + problems_of(facts);
}

void add_facts(format::json::Writer& json, const plugin::PluginFacts& facts) {
  json.member("id", facts.library_id)
      .member("version", facts.version)
      .member("abi", abi(facts.abi_major, facts.abi_minor_built))
      .member("abi_required", abi(facts.abi_major, facts.abi_minor_required))
      .member("bytes", facts.bytes)
      .member("sha256", facts.sha256)
      .member("glibc", facts.glibc);
  add_strings(json, "needed", facts.needed);
  json.key("manifest");
  facts.manifest ? add_manifest(json, *facts.manifest) : static_cast<void>(json.null());
  add_strings(json, "problems", facts.problems);
  add_strings(json, "thread_problems", facts.thread_problems);
  add_strings(json, "warnings", facts.warnings);
}

}  // namespace lateral::host
