#include "core/format/jinja_value.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/json.hpp"

namespace lateral::format::jinja {
namespace {

constexpr std::string_view kWhere = "chat template";
constexpr std::uint32_t kMaxWeight = 1U << 20U;
constexpr std::uint32_t kMaxDepth = 64;
constexpr std::size_t kMaxMembers = 256;  // they are looked up one by one
constexpr std::size_t kPage = 4096;       // bytes of text that weigh as much as a value

std::string number(double value) {
  json::Writer out;
  out.value(value);
  auto text = std::move(out).text();
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

std::string simple(const Value& value, bool json) {
  if (const auto* flag = value.as<bool>())
    return json ? (*flag ? "true" : "false") : (*flag ? "True" : "False");
  if (const auto* integer = value.as<std::int64_t>()) return std::to_string(*integer);
  if (const auto* real = value.as<double>()) return number(*real);
  if (value.as<None>() != nullptr) return json ? "null" : "None";
  if (const auto* text = value.text()) return json ? json::quote(*text) : *text;
  if (!json && value.undefined()) return "";
  fail(Errc::Unsupported, kWhere, "it writes out ", value.kind());
}

const double* as_number(const Value& value, double& place) {
  if (const auto* flag = value.as<bool>()) return &(place = *flag ? 1 : 0);
  if (const auto* integer = value.as<std::int64_t>()) return &(place = static_cast<double>(*integer));
  return value.as<double>();
}

bool equal_lists(const List& left, const List& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), equal);
}

bool equal_dicts(const Dict& left, const Value& right) {
  if (left.size() != right.dict()->size()) return false;
  return std::all_of(left.begin(), left.end(), [&](const auto& member) {
    const auto* const other = right.member(member.first);
    return other != nullptr && equal(member.second, *other);
  });
}

}  // namespace

Value Value::text(std::string text) {
  Value value;
  value.weight_ = static_cast<std::uint32_t>(1 + text.size() / kPage);
  value.content_ = std::make_shared<const std::string>(std::move(text));
  return value;
}

Value Value::list(List items) {
  Value value;
  for (const auto& item : items) value.hold(item);
  value.content_ = std::make_shared<const List>(std::move(items));
  return value;
}

Value Value::dict(Dict members) {
  if (members.size() > kMaxMembers) fail(Errc::ResourceExhausted, kWhere, "a dictionary is too large");
  Value value;
  for (const auto& member : members) value.hold(member.second);
  value.content_ = std::make_shared<const Dict>(std::move(members));
  return value;
}

Value Value::name_space(Dict members) {
  dict(members);  // holds what may be held
  return Content(std::make_shared<Namespace>(Namespace{std::move(members)}));
}

void Value::hold(const Value& part) {
  if (part.name_space() != nullptr) fail(Errc::Unsupported, kWhere, "a namespace inside something");
  weight_ += part.weight_;
  depth_ = std::max(depth_, part.depth_ + 1);
  if (weight_ > kMaxWeight || depth_ > kMaxDepth)
    fail(Errc::ResourceExhausted, kWhere, "a value is too large");
}

std::size_t Value::cost() const noexcept {
  if (text() != nullptr) return 1 + text()->size();
  return weight_ == 1 ? 1 : weight_ * kPage;
}

const std::string* Value::text() const noexcept {
  const auto* const shared = as<std::shared_ptr<const std::string>>();
  return shared != nullptr ? shared->get() : nullptr;
}

const List* Value::list() const noexcept {
  const auto* const shared = as<std::shared_ptr<const List>>();
  return shared != nullptr ? shared->get() : nullptr;
}

const Dict* Value::dict() const noexcept {
  const auto* const shared = as<std::shared_ptr<const Dict>>();
  return shared != nullptr ? shared->get() : nullptr;
}

Namespace* Value::name_space() const noexcept {
  const auto* const shared = as<std::shared_ptr<Namespace>>();
  return shared != nullptr ? shared->get() : nullptr;
}

bool Value::truth() const {
  if (const auto* flag = as<bool>()) return *flag;
  if (const auto* integer = as<std::int64_t>()) return *integer != 0;
  if (const auto* real = as<double>()) return *real != 0;
  if (text() != nullptr) return !text()->empty();
  if (list() != nullptr) return !list()->empty();
  return name_space() != nullptr || (dict() != nullptr && !dict()->empty());
}

const Value* Value::member(std::string_view name) const {
  const auto* const members = name_space() != nullptr ? &name_space()->members : dict();
  if (members == nullptr) return nullptr;
  const auto found =
      std::find_if(members->begin(), members->end(), [&](const auto& each) { return each.first == name; });
  return found == members->end() ? nullptr : &found->second;
}

std::string_view Value::kind() const noexcept {
  constexpr std::string_view kNames[] = {
      "something undefined", "None",       "a boolean", "an integer", "a number", "a string", "a list",
      "a dictionary",        "a namespace"};
  return kNames[content_.index()];
}

bool equal(const Value& left, const Value& right) {
  double a = 0, b = 0;
  const auto* const x = as_number(left, a);
  const auto* const y = as_number(right, b);
  if (x != nullptr && y != nullptr) return *x == *y;
  if (left.text() != nullptr && right.text() != nullptr) return *left.text() == *right.text();
  if (left.list() != nullptr && right.list() != nullptr) return equal_lists(*left.list(), *right.list());
  if (left.dict() != nullptr && right.dict() != nullptr) return equal_dicts(*left.dict(), right);
  return (left.as<None>() != nullptr && right.as<None>() != nullptr) ||
         (left.undefined() && right.undefined());
}

std::string printed(const Value& value) {
  return simple(value, false);
}

std::string to_json(const Value& value) {
  const bool object = value.dict() != nullptr;
  if (!object && value.list() == nullptr) return simple(value, true);
  std::string out(object ? "{" : "[");
  const auto comma = [&] {
    if (out.size() > 1) out += ", ";
  };
  if (object) {
    for (const auto& [name, item] : *value.dict()) {
      comma();
      out += json::quote(name) + ": " + to_json(item);
    }
  } else {
    for (const auto& item : *value.list()) {
      comma();
      out += to_json(item);
    }
  }
  return out + (object ? "}" : "]");
}

}  // namespace lateral::format::jinja
