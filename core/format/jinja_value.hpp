#pragma once
// Values of a chat template: what Python would have there, as far as templates look.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lateral::format::jinja {

class Value;
using List = std::vector<Value>;
using Dict = std::vector<std::pair<std::string, Value>>;  // in order of insertion, as in Python

struct Undefined {};
struct None {};
struct Namespace {
  Dict members;
};

/// Copies share texts, lists and dictionaries, which never change. Only a namespace does, and nothing can hold one: so
/// there are no cycles.
class Value {
 public:
  using Content =
      std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const std::string>,
                   std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>>;

  Value() = default;
  Value(Content content) : content_(std::move(content)) {}
  static Value text(std::string text);
  /// Throw ResourceExhausted for what is nested too deep, or would be too large written out: a list that holds
  /// another twice, and so on, takes little memory and endless time.
  static Value list(List items);
  static Value dict(Dict members);
  static Value name_space(Dict members);

  template <typename T>
  const T* as() const noexcept {
    return std::get_if<T>(&content_);
  }
  const std::string* text() const noexcept;
  const List* list() const noexcept;
  const Dict* dict() const noexcept;
  Namespace* name_space() const noexcept;
  bool undefined() const noexcept { return as<Undefined>() != nullptr; }

  /// Python's truth: empty things, zero, None and the undefined are false.
  bool truth() const;
  /// A member of a dictionary or namespace; null when it is not there.
  const Value* member(std::string_view name) const;
  /// What looking at all of it takes, about as bytes.
  std::size_t cost() const noexcept;

  /// "a string", "a list": for messages.
  std::string_view kind() const noexcept;

 private:
  void hold(const Value& part);

  Content content_;
  std::uint32_t weight_ = 1;
  std::uint32_t depth_ = 0;
};

/// Python's ==; numbers of different types may be equal.
bool equal(const Value& left, const Value& right);

/// What `{{ value }}` prints. Throws Unsupported for lists and dictionaries.
std::string printed(const Value& value);
/// As json.dumps(value, ensure_ascii=False).
std::string to_json(const Value& value);

}  // namespace lateral::format::jinja
