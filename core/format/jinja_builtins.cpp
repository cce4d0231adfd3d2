// The functions, methods, filters and tests that chat templates call.

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/format/jinja_run.hpp"
#include "core/format/json.hpp"
#include "core/format/tokenizer_json.hpp"
#include "core/format/unicode.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::jinja {
namespace {

constexpr std::int64_t kMaxRange = 100'000;

Value flag(bool value) {
  return Value(Value::Content(value));
}
Value integer(std::int64_t value) {
  return Value(Value::Content(value));
}

[[noreturn]] void unknown(std::string_view what, std::string_view name, int line) {
  complain(line, std::string(what) + " " + json::quote(utf8::clip(name)));
}

// Python's str.strip(): white space, or any of `set`.
bool strips(char32_t point, const std::string* set) {
  if (set == nullptr) return utf8::is_space(point) || (point >= 0x1C && point <= 0x1F);
  return set->find(utf8::encode(point)) != set->npos;
}

std::string stripped(std::string_view text, const std::string* set, bool left, bool right) {
  std::size_t first = text.size(), last = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = utf8::decode(text.substr(at));
    if (!strips(next.point, set)) {
      first = std::min(first, at);
      last = at + next.length;
    }
    at += next.length;
  }
  const std::size_t begin = left ? first : 0;
  const std::size_t end = right ? last : text.size();
  return end > begin ? std::string(text.substr(begin, end - begin)) : "";
}

List split_at_spaces(std::string_view text) {
  List parts;
  std::string part;
  const auto finish = [&] {
    if (!part.empty()) parts.push_back(Value::text(std::exchange(part, {})));
  };
  while (!text.empty()) {
    const auto next = utf8::decode(text);
    if (strips(next.point, nullptr)) {
      finish();
    } else {
      part += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  finish();
  return parts;
}

Value split(const std::string& text, const Arguments& arguments) {
  arguments.budget.bytes(text.size());
  if (arguments.values.size() > 1) complain(arguments.line, "split with a count");
  if (arguments.values.empty()) return Value::list(split_at_spaces(text));
  const auto& mark = arguments.text(0);
  if (mark.empty()) complain(arguments.line, "split at nothing");
  arguments.budget.search(text, mark);
  List parts;
  std::size_t at = 0;
  for (auto next = text.find(mark); next != text.npos; next = text.find(mark, at)) {
    parts.push_back(Value::text(text.substr(at, next - at)));
    at = next + mark.size();
  }
  parts.push_back(Value::text(text.substr(at)));
  arguments.budget.bytes(parts.size() * sizeof(Value));
  return Value::list(std::move(parts));
}

Value replaced(const std::string& text, const std::string& from, const std::string& to,
               const Arguments& arguments) {
  if (from.empty()) complain(arguments.line, "replace of nothing");
  arguments.budget.search(text, from);
  std::size_t count = 0;
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + from.size())) ++count;
  arguments.budget.bytes(text.size() + count * to.size());
  return Value::text(replace_all(text, from, to));
}

Value text_method(const std::string& text, const std::string& name, const Arguments& arguments) {
  arguments.budget.bytes(text.size());
  const auto strip = [&](bool left, bool right) {
    return Value::text(stripped(text, arguments.values.empty() ? nullptr : &arguments.text(0), left, right));
  };
  if (name == "strip") return strip(true, true);
  if (name == "lstrip") return strip(true, false);
  if (name == "rstrip") return strip(false, true);
  if (name == "startswith") return flag(text.starts_with(arguments.text(0)));
  if (name == "endswith") return flag(text.ends_with(arguments.text(0)));
  if (name == "lower") return Value::text(unicode::lowercase(text));
  if (name == "split") return split(text, arguments);
  if (name == "replace") return replaced(text, arguments.text(0), arguments.text(1), arguments);
  unknown("the method", name, arguments.line);
}

List items_of(const Dict& dict) {
  List items;
  for (const auto& [key, value] : dict) items.push_back(Value::list({Value::text(key), value}));
  return items;
}

Value dict_method(const Value& dict, const std::string& name, const Arguments& arguments) {
  if (name == "get") {
    const auto* const member = dict.member(arguments.text(0));
    if (member != nullptr) return *member;
    return arguments.values.size() > 1 ? arguments.values[1] : Value(Value::Content(None{}));
  }
  arguments.budget.bytes(dict.dict()->size() * sizeof(Value));
  if (name == "items") return Value::list(items_of(*dict.dict()));
  List list;
  if (name != "keys" && name != "values") unknown("the method", name, arguments.line);
  for (const auto& [key, value] : *dict.dict()) list.push_back(name == "keys" ? Value::text(key) : value);
  return Value::list(std::move(list));
}

std::int64_t length_of(const Value& value, int line) {
  if (value.list() != nullptr) return static_cast<std::int64_t>(value.list()->size());
  if (value.dict() != nullptr) return static_cast<std::int64_t>(value.dict()->size());
  if (value.undefined()) return 0;
  if (value.text() == nullptr) complain(line, "the length of " + std::string(value.kind()));
  return std::count_if(value.text()->begin(), value.text()->end(),
                       [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U; });
}

List list_of(const Value& value, int line) {
  if (value.list() != nullptr) return *value.list();
  if (value.undefined()) return {};
  complain(line, "a list from " + std::string(value.kind()));
}

Value joined(const Arguments& arguments) {
  const auto mark = arguments.at(1, "d");
  std::string text;
  bool first = true;
  for (const auto& item : list_of(arguments.values[0], arguments.line)) {
    if (!std::exchange(first, false)) text += printed(mark);
    text += printed(item);
    arguments.budget.bytes(text.size());
  }
  return Value::text(text);
}

// selectattr("role", "equalto", "user") and its like.
Value selected(const Arguments& arguments, bool wanted) {
  List kept;
  for (const auto& item : list_of(arguments.values[0], arguments.line)) {
    arguments.budget.step();
    const auto value = item_of(item, arguments.at(1), arguments.line, arguments.budget);
    bool passed = value.truth();
    if (arguments.values.size() > 2) {
      Arguments rest{{value}, {}, arguments.line, arguments.budget};
      rest.values.insert(rest.values.end(), arguments.values.begin() + 3, arguments.values.end());
      passed = apply_test(arguments.text(2), rest);
    }
    if (passed == wanted) kept.push_back(item);
  }
  return Value::list(std::move(kept));
}

Value mapped(const Arguments& arguments) {
  const auto attribute = arguments.at(arguments.values.size(), "attribute");
  if (attribute.undefined()) complain(arguments.line, "map without an attribute");
  List values;
  for (const auto& item : list_of(arguments.values[0], arguments.line))
    values.push_back(item_of(item, attribute, arguments.line, arguments.budget));
  return Value::list(std::move(values));
}

Value range_of(const Arguments& arguments) {
  std::int64_t bounds[2] = {0, 0};
  const bool one = arguments.values.size() == 1;
  if (arguments.values.empty() || arguments.values.size() > 2) complain(arguments.line, "this kind of range");
  for (std::size_t i = 0; i < arguments.values.size(); ++i) {
    const auto* const bound = arguments.values[i].as<std::int64_t>();
    if (bound == nullptr) complain(arguments.line, "a range of " + std::string(arguments.values[i].kind()));
    bounds[one ? 1 : i] = *bound;
  }
  if (bounds[0] < -kMaxRange || bounds[1] > kMaxRange) complain(arguments.line, "so long a range");
  List list;
  for (auto i = bounds[0]; i < bounds[1]; ++i) list.push_back(integer(i));
  arguments.budget.bytes(list.size() * sizeof(Value));
  return Value::list(std::move(list));
}

// Filters that take anything for a text.
Value text_filter(const std::string& name, const Arguments& arguments) {
  const auto text = [&] {
    auto whole = printed(arguments.values[0]);
    arguments.budget.bytes(whole.size());
    return whole;
  };
  if (name == "string" || name == "safe") return Value::text(text());
  if (name == "lower") return Value::text(unicode::lowercase(text()));
  if (name == "replace") return replaced(text(), arguments.text(1), arguments.text(2), arguments);
  if (name != "trim") unknown("the filter", name, arguments.line);
  return Value::text(
      stripped(text(), arguments.values.size() > 1 ? &arguments.text(1) : nullptr, true, true));
}

}  // namespace

Value Arguments::at(std::size_t index, std::string_view name) const {
  if (index < values.size()) return values[index];
  const auto found =
      std::find_if(named.begin(), named.end(), [&](const auto& each) { return each.first == name; });
  return found == named.end() ? Value() : found->second;
}

const std::string& Arguments::text(std::size_t index) const {
  const auto* const text = index < values.size() ? values[index].text() : nullptr;
  if (text == nullptr) fail(Errc::InvalidArgument, "chat template", "line ", line, ": a string was expected");
  return *text;
}

Value call_function(const std::string& name, const Arguments& arguments) {
  if (name == "raise_exception") {
    fail(Errc::InvalidArgument, "chat template", shown(printed(arguments.at(0)), 300));
  }
  if (name == "namespace") return Value::name_space(arguments.named);
  if (name == "dict") return Value::dict(arguments.named);
  if (name == "range") return range_of(arguments);
  unknown("the function", name, arguments.line);
}

Value call_method(const Value& object, const std::string& name, const Arguments& arguments) {
  if (object.text() != nullptr) return text_method(*object.text(), name, arguments);
  if (object.dict() != nullptr) return dict_method(object, name, arguments);
  unknown("of " + std::string(object.kind()) + " the method", name, arguments.line);
}

Value apply_filter(const std::string& name, const Arguments& arguments) {
  const auto& value = arguments.values[0];
  const int line = arguments.line;
  if (name == "length" || name == "count") return integer(length_of(value, line));
  if (name == "default" || name == "d") {
    const bool replace = value.undefined() || (arguments.at(2, "boolean").truth() && !value.truth());
    return replace ? arguments.at(1, "default_value") : value;
  }
  if (name == "list")
    return value.text() == nullptr ? Value::list(list_of(value, line))
                                   : slice_of(value, {}, {}, {}, line, arguments.budget);
  if (name == "join") return joined(arguments);
  if (name == "selectattr" || name == "rejectattr") return selected(arguments, name == "selectattr");
  if (name == "map") return mapped(arguments);
  if (name == "items" && value.dict() != nullptr) return Value::list(items_of(*value.dict()));
  if (name == "first" || name == "last") {
    const auto list = list_of(value, line);
    return list.empty() ? Value() : name == "first" ? list.front() : list.back();
  }
  if (name == "tojson") {
    if (!arguments.named.empty() || arguments.values.size() > 1) complain(line, "tojson with options");
    auto text = to_json(value);
    arguments.budget.bytes(text.size());
    return Value::text(text);
  }
  return text_filter(name, arguments);
}

bool apply_test(const std::string& name, const Arguments& arguments) {
  const auto& value = arguments.values[0];
  const bool number = value.as<std::int64_t>() != nullptr || value.as<double>() != nullptr;
  const bool container = value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr;
  const auto* const boolean = value.as<bool>();
  if (name == "defined") return !value.undefined();
  if (name == "undefined") return value.undefined();
  if (name == "none") return value.as<None>() != nullptr;
  if (name == "string") return value.text() != nullptr;
  if (name == "mapping") return value.dict() != nullptr;
  if (name == "sequence" || name == "iterable") return container;
  if (name == "boolean") return boolean != nullptr;
  if (name == "true") return boolean != nullptr && *boolean;
  if (name == "false") return boolean != nullptr && !*boolean;
  if (name == "integer") return value.as<std::int64_t>() != nullptr;
  if (name == "number") return number || boolean != nullptr;
  arguments.budget.bytes(value.cost() + arguments.at(1).cost());
  if (name == "equalto" || name == "eq") return equal(value, arguments.at(1));
  if (name == "ne") return !equal(value, arguments.at(1));
  if (name == "in") return contains(arguments.at(1), value, arguments.line, arguments.budget);
  unknown("the test", name, arguments.line);
}

}  // namespace lateral::format::jinja
