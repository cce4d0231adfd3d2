// Python's operators, indices and slices, as far as chat templates use them.

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/jinja_run.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::jinja {
namespace {

Value flag(bool value) {
  return Value(Value::Content(value));
}
Value integer(std::int64_t value) {
  return Value(Value::Content(value));
}

[[noreturn]] void refuse(const std::string& sign, const Value& left, const Value& right, int line) {
  complain(line, std::string(left.kind()) + " " + sign + " " + std::string(right.kind()));
}

// Python's // and % round towards minus infinity.
std::int64_t floor_divide(std::int64_t left, std::int64_t right) {
  const auto quotient = left / right;
  return quotient - ((left % right != 0) && ((left < 0) != (right < 0)) ? 1 : 0);
}

Value of_integers(const std::string& sign, std::int64_t left, std::int64_t right, int line) {
  // Counts of messages and characters; more than this is no such thing, and could overflow.
  constexpr std::int64_t kMost = 1LL << 31U;
  if (left < -kMost || left > kMost || right < -kMost || right > kMost) complain(line, "so large a number");
  if (sign == "+") return integer(left + right);
  if (sign == "-") return integer(left - right);
  if (sign == "*") return integer(left * right);
  if (right == 0 || sign == "/") complain(line, right == 0 ? "a division by 0" : "/");
  if (sign == "//") return integer(floor_divide(left, right));
  return integer(left - floor_divide(left, right) * right);
}

bool ordered(const std::string& sign, const Value& left, const Value& right, int line) {
  const auto compare = [&](const auto& a, const auto& b) {
    return sign == "<" ? a < b : sign == "<=" ? a <= b : sign == ">" ? a > b : a >= b;
  };
  const auto *const a = left.as<std::int64_t>(), *const b = right.as<std::int64_t>();
  if (a != nullptr && b != nullptr) return compare(*a, *b);
  if (left.text() != nullptr && right.text() != nullptr) return compare(*left.text(), *right.text());
  refuse(sign, left, right, line);
}

List characters(std::string_view text) {
  List list;
  while (!text.empty()) {
    const auto length = utf8::decode(text).length;
    list.push_back(Value::text(std::string(text.substr(0, length))));
    text.remove_prefix(length);
  }
  return list;
}

std::int64_t bound_or(const Value& bound, std::int64_t fallback) {
  const auto* const number = bound.as<std::int64_t>();
  return number != nullptr ? *number : fallback;
}

}  // namespace

bool contains(const Value& container, const Value& item, int line, Budget& budget) {
  if (container.list() != nullptr) {
    return std::any_of(container.list()->begin(), container.list()->end(),
                       [&](const Value& each) { return equal(each, item); });
  }
  if (container.undefined()) return false;
  if (item.text() == nullptr) refuse("in", item, container, line);
  if (container.text() != nullptr) {
    budget.search(*container.text(), *item.text());
    return container.text()->find(*item.text()) != std::string::npos;
  }
  if (container.dict() != nullptr) return container.member(*item.text()) != nullptr;
  refuse("in", item, container, line);
}

Value apply_operator(const std::string& sign, const Value& left, const Value& right, int line,
                     Budget& budget) {
  budget.bytes(left.cost() + right.cost());  // a comparison may look at all of it
  if (sign == "==") return flag(equal(left, right));
  if (sign == "!=") return flag(!equal(left, right));
  if (sign == "in") return flag(contains(right, left, line, budget));
  if (sign == "not in") return flag(!contains(right, left, line, budget));
  if (sign[0] == '<' || sign[0] == '>') return flag(ordered(sign, left, right, line));
  if (sign == "~" || (sign == "+" && left.text() != nullptr && right.text() != nullptr)) {
    auto text = printed(left) + printed(right);
    budget.bytes(text.size());
    return Value::text(std::move(text));
  }
  if (sign == "+" && left.list() != nullptr && right.list() != nullptr) {
    auto list = *left.list();
    list.insert(list.end(), right.list()->begin(), right.list()->end());
    budget.bytes(list.size() * sizeof(Value));
    return Value::list(std::move(list));
  }
  const auto *const a = left.as<std::int64_t>(), *const b = right.as<std::int64_t>();
  if (a == nullptr || b == nullptr) refuse(sign, left, right, line);
  return of_integers(sign, *a, *b, line);
}

Value item_of(const Value& object, const Value& item, int line, Budget& budget) {
  if (object.undefined())
    fail(Errc::InvalidArgument, "chat template", "line ", line, ": a member of something undefined");
  if (item.text() != nullptr) {
    if (const auto* const space = object.name_space()) budget.bytes(space->members.size());
    const auto* const member = object.member(*item.text());
    return member != nullptr ? *member : Value();
  }
  const auto* const number = item.as<std::int64_t>();
  if (number == nullptr) return {};
  if (object.text() != nullptr) {
    budget.bytes(object.cost() * sizeof(Value));
    return item_of(Value::list(characters(*object.text())), item, line, budget);
  }
  if (object.list() == nullptr) return {};
  const auto& list = *object.list();
  const auto count = static_cast<std::int64_t>(list.size());
  const auto at = *number < 0 ? *number + count : *number;
  return at >= 0 && at < count ? list[static_cast<std::size_t>(at)] : Value();
}

Value slice_of(const Value& object, const Value& start, const Value& stop, const Value& step, int line,
               Budget& budget) {
  const bool text = object.text() != nullptr;
  if (!text && object.list() == nullptr) complain(line, "a slice of " + std::string(object.kind()));
  budget.bytes((text ? object.cost() : object.list()->size()) * sizeof(Value));
  const auto list = text ? characters(*object.text()) : *object.list();
  const auto count = static_cast<std::int64_t>(list.size());
  const auto stride = bound_or(step, 1);
  if (stride != 1 && stride != -1) complain(line, "a slice with steps");
  const auto clamp = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
    return std::clamp(at < 0 ? at + count : at, low, high);
  };
  const bool forward = stride == 1;
  const auto first =
      clamp(bound_or(start, forward ? 0 : count - 1), forward ? 0 : -1, forward ? count : count - 1);
  const auto end = stop.undefined() ? (forward ? count : -1)
                                    : clamp(bound_or(stop, 0), forward ? 0 : -1, forward ? count : count - 1);
  List part;
  for (auto i = first; forward ? i < end : i > end; i += stride)
    part.push_back(list[static_cast<std::size_t>(i)]);
  if (!text) return Value::list(std::move(part));
  std::string joined;
  for (const auto& character : part) joined += *character.text();
  return Value::text(std::move(joined));
}

}  // namespace lateral::format::jinja
