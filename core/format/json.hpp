#pragma once
// The only door to the JSON library, for files that may be hostile: strict UTF-8, no duplicate keys, bounded
// depth and size, and a tree of 16 bytes a value, so that memory stays a small multiple of the text. An error
// names the file, the place inside it, what was expected and what was found:
//   json: config.json: $.model.layers: expected an integer, found the string "six"
// Thread safety: values are immutable; every function may be called from any thread.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lateral::format::json {

enum class Kind : std::uint8_t { Null, Bool, Integer, Real, String, Array, Object };

struct Limits {
  std::uint64_t max_bytes = 64ULL << 20U;  ///< of text; at most 2^32 - 1
  int max_depth = 64;                      ///< of nested arrays and objects
};

namespace detail {
class Tree;
}

/// One value of a parsed text. Copies are cheap and keep the whole text alive. All accessors throw Corrupt,
/// naming the place, when the value is not what they ask for.
class Value {
 public:
  Kind kind() const noexcept;
  bool is(Kind kind) const noexcept { return this->kind() == kind; }

  bool as_bool() const;
  /// An integer in [low, high]; 3.0 and 2^63 are not integers.
  std::int64_t as_int(std::int64_t low = INT64_MIN, std::int64_t high = INT64_MAX) const;
  /// Any number.
  double as_double() const;
  /// Valid UTF-8, possibly with NUL inside; lives as long as any Value of this text.
  std::string_view as_string() const;

  /// Of an array or object.
  std::size_t size() const;
  /// Item `index` of an array, or the member value at that place of an object; in file order.
  Value operator[](std::size_t index) const;
  /// The name of member `index` of an object, in file order.
  std::string_view key(std::size_t index) const;
  /// A member of an object. at() throws when it is missing; find() also counts null as missing.
  Value at(std::string_view key) const;
  std::optional<Value> find(std::string_view key) const;

  bool get(std::string_view key, bool fallback) const;
  std::int64_t get(std::string_view key, std::int64_t fallback) const;
  double get(std::string_view key, double fallback) const;
  std::string get(std::string_view key, std::string_view fallback) const;
  std::string get(std::string_view key, const char* fallback) const {
    return get(key, std::string_view(fallback));
  }
  std::int64_t get(std::string_view key, int fallback) const {
    return get(key, static_cast<std::int64_t>(fallback));
  }

  /// Throws Corrupt naming the members that are not among `known`; of very many the first ten.
  void allow_only(std::initializer_list<std::string_view> known) const;

  /// "file: $.path[3].to": for messages of readers that find fault with a value. Costs a walk over the tree.
  std::string place() const;
  /// Throws Corrupt: "file: $.path: expected `expected`, found ...".
  [[noreturn]] void reject(std::string_view expected) const;

 private:
  friend Value parse(std::string_view, std::string, Limits);
  Value(std::shared_ptr<const detail::Tree> tree, std::uint32_t node) : tree_(std::move(tree)), node_(node) {}

  std::shared_ptr<const detail::Tree> tree_;
  std::uint32_t node_;
};

/// `source` names the text in messages.
/// Throws Corrupt (with line and column), or ResourceExhausted beyond a limit.
Value parse(std::string_view text, std::string source, Limits limits = {});
/// Throws as parse() and read_text().
Value read_file(const std::filesystem::path& path, Limits limits = {});

/// Writes JSON step by step; the same calls give the same bytes. Numbers are the shortest that read back equal.
/// Malformed UTF-8 becomes U+FFFD: a path with odd bytes must not cost the event that reports it. A wrong order
/// of calls is a defect and throws Internal; a number that JSON cannot hold throws InvalidArgument.
class Writer {
 public:
  /// `indent` spaces a level; 0 writes one line.
  explicit Writer(int indent = 0) : indent_(indent) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }
  Writer& key(std::string_view name);

  Writer& null();
  Writer& value(bool flag);
  Writer& value(std::int64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(std::uint64_t number);
  Writer& value(double number);
  Writer& value(float number);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }

  template <typename T>
  Writer& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// The finished text, without a line break at the end.
  std::string text() &&;

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  Writer& raw(std::string_view text);
  void before_value();
  void break_line();

  int indent_;
  std::string out_;
  std::string open_;   ///< the brackets that are open, outermost first
  bool first_ = true;  ///< nothing was written since the last bracket
  bool after_key_ = false;
};

/// `text` as a JSON string with its quotes.
std::string quote(std::string_view text);

}  // namespace lateral::format::json
