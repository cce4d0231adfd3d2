#include "core/config/document.hpp"

#include <charconv>
#include <optional>

#include "core/base/text.hpp"
#include "core/config/key_depth.hpp"

namespace lateral::config {
namespace {

constexpr std::string_view kOverride = "--set ";
constexpr std::size_t kShownOverride = 200;  // bytes

std::optional<std::size_t> as_index(std::string_view key) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return index;
}

/// `text` as a TOML string.
std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

class Overlay {
 public:
  Overlay(std::string source, Problems& problems) : source_(std::move(source)), problems_(problems) {}

  void merge(toml::table& into, toml::table&& from) {
    for (auto&& [key, value] : from) {
      toml::node* const old = into.get(key);
      if (old != nullptr && value.is_table() && old->is_table()) {
        merge(*old->as_table(), std::move(*value.as_table()));
      } else if (old != nullptr && value.is_table() && old->is_array_of_tables()) {
        merge_items(*old->as_array(), key.str(), std::move(*value.as_table()));
      } else {
        // Moving a node keeps its place in the text, copying forgets it.
        value.visit([&, &name = key](auto& node) { into.insert_or_assign(name, std::move(node)); });
      }
    }
  }

 private:
  /// In "connection.0.blocks" the key "0" is an index.
  void merge_items(toml::array& into, std::string_view name, toml::table&& from) {
    for (auto&& [key, value] : from) {
      const auto index = as_index(key.str());
      if (!index || *index >= into.size() || !value.is_table()) {
        problems_.add({source_, 0, 0}, shown(name), ".", shown(key.str()), ": expected an index from 0 to ",
                      into.size() - 1, " and a key, as in ", shown(name), ".0.KEY=VALUE");
        continue;
      }
      merge(*into[*index].as_table(), std::move(*value.as_table()));
    }
  }

  std::string source_;
  Problems& problems_;
};

toml::table parse_toml(std::string_view text, const std::string& source) {
  check_key_depth(text, source);
  return toml::parse(text, source);
}

/// KEY=VALUE as TOML; where the value is not TOML, as text, so that quotes may be left out.
toml::table parse_override(std::string_view text, const std::string& source) {
  const std::string line(text);
  try {
    return parse_toml(line, source);
  } catch (const toml::parse_error&) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos) throw;
    return parse_toml(std::string(text.substr(0, equals)) + " = " + quote(text.substr(equals + 1)), source);
  }
}

void apply_override(toml::table& root, const std::string& text, Problems& problems) {
  const std::string source = std::string(kOverride) + shown(text, kShownOverride);
  try {
    Overlay(source, problems).merge(root, parse_override(text, source));
  } catch (const toml::parse_error&) {
    problems.add({source, 0, 0}, "expected KEY=VALUE, e.g. run.seed=7");
  }
}

}  // namespace

Location location_of(const toml::source_region& region) {
  const std::string file = region.path ? *region.path : std::string("the configuration");
  if (is_override(region)) return {file, 0, 0};
  return {file, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

bool is_override(const toml::source_region& region) {
  return region.path && region.path->starts_with(kOverride);
}

toml::table read_document(std::string_view text, const std::filesystem::path& file,
                          std::span<const std::string> overrides, Problems& problems) {
  toml::table root;
  try {
    root = parse_toml(text, file.string());
  } catch (const toml::parse_error& error) {
    const std::string_view what = error.description();
    const bool twice = what.find("cannot redefine") != what.npos;
    problems.add(location_of(error.source()), "not TOML: ", shown(what, 200),
                 twice ? "; write it once, or give one of the two another name" : "");
    problems.throw_if_any();  // nothing after a syntax error can be trusted
  }
  for (const std::string& override_text : overrides) apply_override(root, override_text, problems);
  return root;
}

}  // namespace lateral::config
