#include "core/config/table_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>

#include "core/base/text.hpp"

namespace lateral::config {
namespace {

constexpr std::size_t kMaxIdLength = 64;
constexpr std::size_t kShownText = 40;

template <typename Words>
std::string join(const Words& words, const char* quote = "\"") {
  std::ostringstream text;
  for (const auto& word : words) text << (text.tellp() > 0 ? ", " : "") << quote << word << quote;
  return text.str();
}

std::string clip(std::string_view text) {
  return shown(text, kShownText);
}

/// What stands there, for "expected ..., found ...".
std::string describe(const toml::node& node) {
  std::ostringstream text;
  switch (node.type()) {
    case toml::node_type::string:
      text << "the text \"" << clip(node.as_string()->get()) << '"';
      break;
    case toml::node_type::integer:
      text << "the integer " << node.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      text << "the number " << node.as_floating_point()->get();
      break;
    case toml::node_type::boolean:
      text << (node.as_boolean()->get() ? "true" : "false");
      break;
    case toml::node_type::array:
      text << "a list";
      break;
    case toml::node_type::table:
      text << "a table";
      break;
    default:
      text << "a date or time";
      break;
  }
  return text.str();
}

/// "512MiB", "2GiB". Nothing for another text or too large a size.
std::optional<std::int64_t> parse_bytes(std::string_view text) {
  const bool giga = text.ends_with("GiB");
  if (!giga && !text.ends_with("MiB")) return std::nullopt;
  text.remove_suffix(3);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr std::int64_t kMost = 1 << 20U;
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > kMost)
    return std::nullopt;
  return number << (giga ? 30U : 20U);
}

/// Nodes in the order in which they stand in the text; toml++ keeps tables sorted by name.
bool stands_before(const toml::source_region& a, const toml::source_region& b) {
  return std::pair(a.begin.line, a.begin.column) < std::pair(b.begin.line, b.begin.column);
}

}  // namespace

bool is_id(std::string_view text) noexcept {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kMaxIdLength && plain(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

TableReader::TableReader(Context& context, const toml::table& table, std::string name)
    : context_(context), table_(table), name_(std::move(name)) {}

Location TableReader::where() const {
  return location_of(table_.source());
}

Location TableReader::where(std::string_view key) const {
  const toml::node* const found = table_.get(key);
  return found == nullptr ? where() : location_of(found->source());
}

std::string TableReader::full_name(std::string_view key) const {
  return name_.empty() ? clip(key) : name_ + "." + clip(key);
}

const toml::node* TableReader::node(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

void TableReader::wrong_type(std::string_view key, std::string_view expected) {
  report(key, "expected ", expected, ", found ", describe(*table_.get(key)));
}

void TableReader::require(std::string_view key) {
  known_.emplace(key);
  if (!has(key)) context_.problems.add(where(), full_name(key), ": this key is needed");
}

void TableReader::text(std::string_view key, std::string& value) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  if (!found->is_string()) return wrong_type(key, "a text");
  value = found->as_string()->get();
}

void TableReader::id(std::string_view key, std::string& value) {
  std::string word;
  text(key, word);
  const toml::node* const found = node(key);
  if (found == nullptr || !found->is_string()) return;
  if (!is_id(word)) {
    return wrong_type(key, "1 to 64 of a-z A-Z 0-9 . _ -, beginning with a letter or digit");
  }
  value = std::move(word);
}

void TableReader::choice(std::string_view key, std::string& value,
                         std::initializer_list<std::string_view> allowed) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  const std::string expected = (allowed.size() == 1 ? "" : "one of ") + join(allowed);
  if (!found->is_string()) return wrong_type(key, expected);
  const std::string& word = found->as_string()->get();
  if (std::find(allowed.begin(), allowed.end(), word) == allowed.end()) return wrong_type(key, expected);
  value = word;
}

void TableReader::boolean(std::string_view key, bool& value) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  if (!found->is_boolean()) return wrong_type(key, "true or false");
  value = found->as_boolean()->get();
}

void TableReader::integer(std::string_view key, std::int64_t& value, std::int64_t low, std::int64_t high) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  const std::int64_t* const number = found->is_integer() ? &found->as_integer()->get() : nullptr;
  if (number == nullptr || *number < low || *number > high) {
    return wrong_type(key, lateral::detail::concat("an integer from ", low, " to ", high));
  }
  value = *number;
}

void TableReader::seed(std::string_view key, std::uint64_t& value) {
  auto number = static_cast<std::int64_t>(value);
  integer(key, number, 0, std::numeric_limits<std::int64_t>::max());
  value = static_cast<std::uint64_t>(number);
}

void TableReader::real(std::string_view key, double& value, double low, double high) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  const auto number = found->is_number() ? found->value<double>() : std::nullopt;
  if (!number || !(*number >= low && *number <= high)) {  // NaN fails both
    return wrong_type(key, lateral::detail::concat("a number from ", low, " to ", high));
  }
  value = *number;
}

void TableReader::seconds(std::string_view key, double& value) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  std::optional<double> parsed;
  if (found->is_string()) parsed = parse_duration(found->as_string()->get());
  if (found->is_number()) parsed = found->value<double>();
  if (!parsed || !std::isfinite(*parsed) || *parsed <= 0) {
    return wrong_type(key, "a time such as \"60s\", \"5m\" or a number of seconds above 0");
  }
  value = *parsed;
}

void TableReader::bytes(std::string_view key, std::int64_t& value, std::int64_t low) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  std::optional<std::int64_t> parsed;
  if (found->is_string()) parsed = parse_bytes(found->as_string()->get());
  if (found->is_integer()) parsed = found->as_integer()->get();
  if (!parsed) return wrong_type(key, "a size such as \"512MiB\", \"2GiB\" or a number of bytes");
  if (*parsed < low) return report(key, "at least ", low >> 20U, "MiB are needed");
  value = *parsed;
}

std::filesystem::path TableReader::resolve(const std::string& text, const toml::node& node) const {
  const auto base = is_override(node.source()) ? std::filesystem::current_path() : context_.folder;
  return (base / text).lexically_normal();
}

void TableReader::path(std::string_view key, std::filesystem::path& value) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  if (!found->is_string() || found->as_string()->get().empty()) return wrong_type(key, "a path");
  value = resolve(found->as_string()->get(), *found);
}

void TableReader::path(std::string_view key, std::optional<std::filesystem::path>& value) {
  std::filesystem::path found;
  path(key, found);
  if (!found.empty()) value = std::move(found);
}

void TableReader::texts(std::string_view key, std::vector<std::string>& value) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  const toml::array* const list = found->as_array();
  const auto good = [](const toml::node& item) {
    return item.is_string() && !item.as_string()->get().empty();
  };
  if (list == nullptr || !std::all_of(list->begin(), list->end(), good)) {
    return wrong_type(key, "a list of texts that are not empty");
  }
  value.clear();
  for (const toml::node& item : *list) value.push_back(item.as_string()->get());
}

void TableReader::paths(std::string_view key, std::vector<std::filesystem::path>& value) {
  std::vector<std::string> words;
  texts(key, words);
  for (const std::string& word : words) value.push_back(resolve(word, *table_.get(key)));
}

void TableReader::table(std::string_view key, const std::function<void(TableReader&)>& body) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  if (!found->is_table()) return wrong_type(key, "a table");
  TableReader reader(context_, *found->as_table(), full_name(key));
  body(reader);
  reader.finish();
}

void TableReader::tables(std::string_view key, const std::function<void(TableReader&)>& body) {
  const toml::node* const found = node(key);
  if (found == nullptr) return;
  if (!found->is_array_of_tables()) return wrong_type(key, "tables written [[" + full_name(key) + "]]");
  std::size_t index = 0;
  for (const toml::node& item : *found->as_array()) {
    TableReader reader(context_, *item.as_table(), full_name(key) + "." + std::to_string(index++));
    body(reader);
    reader.finish();
  }
}

std::vector<std::pair<std::string, const toml::node*>> TableReader::members() {
  std::vector<std::pair<std::string, const toml::node*>> found;
  for (const auto& [key, value] : table_) {
    known_.emplace(key.str());
    found.emplace_back(key.str(), &value);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return stands_before(a.second->source(), b.second->source());
  });
  return found;
}

void TableReader::named_tables(std::string_view key,
                               const std::function<void(const std::string&, TableReader&)>& body) {
  table(key, [&](TableReader& reader) {
    for (const auto& [name, value] : reader.members()) {
      if (!is_id(name)) {
        reader.report(name, "\"", clip(name), "\" is no id: expected 1 to 64 of a-z A-Z 0-9 . _ -");
      }
      reader.table(name, [&, &id = name](TableReader& member) { body(id, member); });
    }
  });
}

void TableReader::finish() {
  if (context_.unknown_allowed) return;
  const std::vector<std::string> candidates(known_.begin(), known_.end());
  for (const auto& [key, value] : table_) {
    if (known_.contains(key.str())) continue;
    const auto meant = nearest(key.str(), candidates);
    // A key inserted by an override keeps its place in the override's text.
    const auto& region = key.source().path ? key.source() : value.source();
    context_.problems.add(location_of(region), full_name(key.str()), ": unknown key; ",
                          meant ? "did you mean \"" + *meant + "\"?" : "known here: " + join(candidates, ""));
  }
}

}  // namespace lateral::config
