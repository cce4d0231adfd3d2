#include "core/config/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/text.hpp"
#include "core/config/table_reader.hpp"

namespace lateral::config {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxText = 512;
constexpr std::size_t kMaxEntries = 256;
constexpr std::int64_t kMaxAxis = 1LL << 40U;

/// Shown on terminals and in logs: no escape sequences, no line breaks.
bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
}

void line(TableReader& in, std::string_view key, std::string& value, std::size_t most = kMaxText) {
  std::string found;
  in.text(key, found);
  if (found.size() > most || !printable(found)) {
    in.report(key, "expected one line of at most ", most, " bytes");
  } else if (!found.empty()) {
    value = std::move(found);
  }
}

void lines(TableReader& in, std::string_view key, std::vector<std::string>& values) {
  in.texts(key, values);
  const bool good = std::all_of(values.begin(), values.end(), [](const std::string& value) {
    return value.size() <= kMaxName && printable(value);
  });
  if (good && values.size() <= kMaxEntries) return;
  in.report(key, "expected at most ", kMaxEntries, " texts of at most ", kMaxName, " bytes, one line each");
  values.clear();
}

bool all_of_set(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == text.npos;
}

void read_shape(TableReader& in, std::vector<std::int64_t>& shape) {
  const toml::node* const node = in.node("shape");
  if (node == nullptr) return;
  const toml::array* const list = node->as_array();
  const auto good = [](const toml::node& axis) {
    const auto* const size = axis.as_integer();
    return size != nullptr && size->get() >= -1 && size->get() != 0 && size->get() <= kMaxAxis;
  };
  if (list == nullptr || list->empty() || list->size() > 8 ||
      !std::all_of(list->begin(), list->end(), good)) {
    return in.wrong_type("shape", "a list of sizes, -1 = any, as in [6, -1, -1, 3]");
  }
  for (const toml::node& axis : *list) shape.push_back(axis.as_integer()->get());
}

void read_input(TableReader& in, ManifestInput& input) {
  input.where = in.where();
  in.require("name");
  line(in, "name", input.name, kMaxName);
  in.require("kind");
  in.choice("kind", input.kind, {"image", "points", "audio", "table", "text", "raw"});
  read_shape(in, input.shape);
  lines(in, "columns", input.columns);
  line(in, "units", input.units, kMaxName);
  in.real("rate_hz", input.rate_hz, 0, 1e9);
  in.boolean("optional", input.optional);
}

void read_encoder(TableReader& in, ManifestEncoder& encoder) {
  encoder.where = in.where();
  in.require("name");
  line(in, "name", encoder.name, kMaxName);
  line(in, "modality", encoder.modality, kMaxName);
  line(in, "token_space", encoder.token_space, kMaxName);
  in.integer("token_width", encoder.token_width, 1, 1 << 16);
  in.integer("max_tokens", encoder.max_tokens, 1, 1 << 20);
  in.boolean("any_inputs", encoder.any_inputs);
  if (!encoder.any_inputs) in.require("input");
  in.tables("input", [&](TableReader& input) { read_input(input, encoder.inputs.emplace_back()); });
}

void read_option(TableReader& in, ManifestOption& option) {
  option.where = in.where();
  in.require("type");
  in.choice("type", option.type, {"text", "path", "integer", "number", "boolean", "integers"});
  line(in, "description", option.description);
  for (auto [key, bound] : {std::pair("min", &option.min), std::pair("max", &option.max)}) {
    if (!in.has(key)) continue;
    in.real(key, bound->emplace(), -1e300, 1e300);
    if (option.type != "integer" && option.type != "number") in.report(key, "only numbers have bounds");
  }
  lines(in, "choices", option.choices);
  if (!option.choices.empty() && option.type != "text") in.report("choices", "only texts have choices");
  line(in, "unpack", option.unpack, kMaxName);
  if (option.unpack.empty()) return;
  if (option.type != "path") in.report("unpack", "only paths name archives");
  if (option.unpack.back() != '/')
    in.report("unpack", "expected a folder in the archive, as in \"data/model/\"");
}

void read_identity(TableReader& in, Manifest& manifest) {
  for (const char* const key : {"id", "version", "abi", "sha256"}) in.require(key);
  in.id("id", manifest.id);
  line(in, "version", manifest.version, 15);
  line(in, "abi", manifest.abi, 16);
  const auto dot = manifest.abi.find('.');
  if (in.has("abi") &&
      (dot == 0 || dot + 1 >= manifest.abi.size() || !all_of_set(manifest.abi, "0123456789."))) {
    in.report("abi", "expected the ABI it was built for, as in \"1.0\"");
  }
  line(in, "sha256", manifest.sha256, 64);
  if (in.has("sha256") &&
      (manifest.sha256.size() != 64 || !all_of_set(manifest.sha256, "0123456789abcdef"))) {
    in.report("sha256", "expected 64 hexadecimal digits, lower case");
  }
}

void read_root(TableReader& in, Manifest& manifest, Problems& problems) {
  read_identity(in, manifest);
  line(in, "licence", manifest.licence, kMaxName);
  in.choice("threads", manifest.threads, {"none", "own"});
  in.choice("unload", manifest.unload, {"unmap", "resident"});
  line(in, "glibc", manifest.glibc, 16);
  if (!all_of_set(manifest.glibc, "0123456789.")) in.report("glibc", "expected a version, as in \"2.31\"");
  lines(in, "capabilities", manifest.capabilities);
  in.require("encoder");
  in.tables("encoder",
            [&](TableReader& encoder) { read_encoder(encoder, manifest.encoders.emplace_back()); });
  in.named_tables("options", [&](const std::string& key, TableReader& option) {
    read_option(option, manifest.options.emplace_back(ManifestOption{key, {}, {}, {}, {}, {}, {}, {}}));
  });
  in.finish();
  std::set<std::string_view> names;
  for (const ManifestEncoder& encoder : manifest.encoders) {
    if (!names.insert(encoder.name).second) {
      problems.add(encoder.where, "encoder: the name \"", encoder.name, "\" is taken by another one");
    }
  }
}

/// Whether it says that it was written for a later minor of ABI 1.
bool is_for_later(const toml::table& root, std::uint32_t minor) {
  constexpr std::string_view kMajor = "1.";
  const auto abi = root["abi"].value_or(std::string_view());
  if (!abi.starts_with(kMajor)) return false;
  std::uint32_t theirs = 0;
  const char* const end = abi.data() + abi.size();
  const auto parsed = std::from_chars(abi.data() + kMajor.size(), end, theirs);
  return parsed.ec == std::errc() && parsed.ptr == end && theirs > minor;
}

bool matches(std::string_view declared, std::string_view key) {
  constexpr std::string_view kAny = ".NAME.";
  const auto at = declared.find(kAny);
  if (at == declared.npos) return declared == key;
  const auto head = declared.substr(0, at + 1);
  const auto tail = declared.substr(at + kAny.size() - 1);
  return key.size() > head.size() + tail.size() && key.starts_with(head) && key.ends_with(tail) &&
         key.substr(head.size(), key.size() - head.size() - tail.size()).find('.') == key.npos;
}

/// What the manifest calls the type of a value.
std::string_view type_of(const OptionValue& value) {
  constexpr std::string_view kTypes[] = {"text", "integer", "number", "boolean", "integers"};
  return kTypes[value.index()];
}

std::optional<double> number(const OptionValue& value) {
  if (const auto* const whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* const real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

void check_option(const ManifestOption& declared, const Option& option, const std::string& name,
                  Problems& problems) {
  const auto type = type_of(option.value);
  // A whole number does where a number is wanted, a text where a path is.
  const bool fits = type == declared.type || (declared.type == "number" && type == "integer") ||
                    (declared.type == "path" && type == "text");
  if (!fits) {
    problems.add(option.where, name, ": expected ", declared.type, ", found ", type);
    return;
  }
  const auto value = number(option.value);
  if (value &&
      ((declared.min && !(*value >= *declared.min)) || (declared.max && !(*value <= *declared.max)))) {
    problems.add(option.where, name, ": ", *value, " is out of range (",
                 declared.min ? lateral::detail::concat("at least ", *declared.min) : "",
                 declared.min && declared.max ? ", " : "",
                 declared.max ? lateral::detail::concat("at most ", *declared.max) : "", ")");
  }
  const auto* const text = std::get_if<std::string>(&option.value);
  if (text != nullptr && !declared.choices.empty() &&
      std::find(declared.choices.begin(), declared.choices.end(), *text) == declared.choices.end()) {
    std::string known;
    for (const auto& choice : declared.choices) known += (known.empty() ? "" : ", ") + choice;
    problems.add(option.where, name, ": \"", *text, "\" is none of: ", known);
  }
}

}  // namespace

Manifest parse_manifest(std::string_view text, const std::filesystem::path& file, std::uint32_t minor) {
  Problems problems;
  if (text.size() > kMaxManifestBytes) {
    problems.add({file.string(), 1, 1}, "larger than any manifest (at most ", kMaxManifestBytes, " bytes)");
    problems.throw_if_any();
  }
  const toml::table root = read_document(text, file, {}, problems);
  Manifest manifest;
  manifest.file = file;
  Context context{problems, file.parent_path(), is_for_later(root, minor)};
  TableReader reader(context, root, "");
  read_root(reader, manifest, problems);
  problems.throw_if_any();
  return manifest;
}

void check_options(const Manifest& manifest, std::string_view plugin, std::span<const Option> options) {
  Problems problems;
  std::vector<std::string> known;
  for (const ManifestOption& declared : manifest.options) known.push_back(declared.key);
  for (const Option& option : options) {
    const std::string name = "plugin." + std::string(plugin) + ".options." + option.key;
    const auto declared = std::find_if(known.begin(), known.end(),
                                       [&](const std::string& key) { return matches(key, option.key); });
    if (declared != known.end()) {
      check_option(manifest.options[static_cast<std::size_t>(declared - known.begin())], option, name,
                   problems);
      continue;
    }
    const auto meant = nearest(option.key, known);
    problems.add(option.where, name, ": unknown option of ", manifest.id,
                 meant ? "; did you mean \"" + *meant + "\"?" : "");
  }
  problems.throw_if_any();
}

}  // namespace lateral::config
