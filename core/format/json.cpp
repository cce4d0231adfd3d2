#include "core/format/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::json {
namespace detail {

// 16 bytes. A container's children lie side by side in the arena, an object's as key, value, key, value.
struct Node {
  struct Children {
    std::uint32_t first;
    std::uint32_t sorted;  // objects: where their member numbers, sorted by key, begin in Tree::sorted
  };
  Kind kind = Kind::Null;
  std::uint32_t count = 0;  // bytes of a string, items of an array, members of an object
  union {
    bool flag;
    std::int64_t integer;
    double real;
    std::uint64_t offset;
    Children children;
  };

  Node() : integer(0) {}
};
static_assert(sizeof(Node) == 16);

class Tree {
 public:
  std::string source;
  std::vector<Node> nodes;
  std::vector<std::uint32_t> sorted;
  std::string strings;
  std::uint32_t root = 0;

  std::string_view text(const Node& node) const {
    return std::string_view(strings).substr(node.offset, node.count);
  }
  std::string_view key(const Node& object, std::size_t member) const {
    return text(nodes[object.children.first + 2 * member]);
  }
};

}  // namespace detail

namespace {

using detail::Node;
using detail::Tree;

std::string_view article_name(Kind kind) {
  switch (kind) {
    case Kind::Null:
      return "null";
    case Kind::Bool:
      return "a boolean";
    case Kind::Integer:
      return "an integer";
    case Kind::Real:
      return "a number";
    case Kind::String:
      return "a string";
    case Kind::Array:
      return "an array";
    case Kind::Object:
      return "an object";
  }
  return "nothing";
}

// The library's lexer and grammar call these in the order of the text. It keeps no stack of its own calls, so
// depth costs nothing but what is counted here.
class Builder {
 public:
  Builder(Tree& tree, Limits limits) : tree_(tree), limits_(limits) {}

  bool null() {
    return push(Kind::Null, [](Node&) {});
  }
  bool boolean(bool flag) {
    return push(Kind::Bool, [&](Node& node) { node.flag = flag; });
  }
  bool number_integer(std::int64_t number) {
    return push(Kind::Integer, [&](Node& node) { node.integer = number; });
  }
  bool number_unsigned(std::uint64_t number) {
    if (number > INT64_MAX) return number_float(static_cast<double>(number), {});
    return number_integer(static_cast<std::int64_t>(number));
  }
  bool number_float(double number, const std::string& /*as written*/) {
    return push(Kind::Real, [&](Node& node) { node.real = number; });
  }
  bool string(std::string& text) {
    return push(Kind::String, [&](Node& node) {
      node.count = static_cast<std::uint32_t>(text.size());
      node.offset = tree_.strings.size();
      tree_.strings += text;
    });
  }
  bool key(std::string& text) { return string(text); }
  bool binary(std::vector<std::uint8_t>& /*JSON text has none*/) { return false; }

  bool start_object(std::size_t /*unknown*/) { return open(Kind::Object); }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*unknown*/) { return open(Kind::Array); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::json::exception& error) {
    std::string_view message = error.what();
    if (const auto end = message.find("] "); end != message.npos) message.remove_prefix(end + 2);
    fail(Errc::Corrupt, "json", tree_.source, ": ", shown(message, 200));
  }

  void finish() {
    tree_.root = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.push_back(pending_.at(0));
  }

 private:
  struct Frame {
    Kind kind;
    std::size_t first;  // in pending_
  };

  template <typename Fill>
  bool push(Kind kind, Fill&& fill) {
    Node node;
    node.kind = kind;
    fill(node);
    pending_.push_back(node);
    return true;
  }

  bool open(Kind kind) {
    if (static_cast<int>(frames_.size()) == limits_.max_depth) {
      fail(Errc::ResourceExhausted, "json", tree_.source, ": nested deeper than ", limits_.max_depth,
           " levels");
    }
    frames_.push_back({kind, pending_.size()});
    return true;
  }

  bool close() {
    const Frame frame = frames_.back();
    const auto children = std::span(pending_).subspan(frame.first);
    Node node;
    node.kind = frame.kind;
    node.count =
        static_cast<std::uint32_t>(frame.kind == Kind::Object ? children.size() / 2 : children.size());
    node.children = {static_cast<std::uint32_t>(tree_.nodes.size()),
                     static_cast<std::uint32_t>(tree_.sorted.size())};
    tree_.nodes.insert(tree_.nodes.end(), children.begin(), children.end());
    pending_.resize(frame.first);
    if (frame.kind == Kind::Object) sort_members(node);
    frames_.pop_back();
    pending_.push_back(node);
    return true;
  }

  void sort_members(const Node& object) {
    for (std::uint32_t i = 0; i < object.count; ++i) tree_.sorted.push_back(i);
    const auto first = tree_.sorted.begin() + object.children.sorted;
    const auto key = [&](std::uint32_t member) { return tree_.key(object, member); };
    std::sort(first, tree_.sorted.end(), [&](auto a, auto b) { return key(a) < key(b); });
    const auto twin =
        std::adjacent_find(first, tree_.sorted.end(), [&](auto a, auto b) { return key(a) == key(b); });
    if (twin == tree_.sorted.end()) return;
    fail(Errc::Corrupt, "json", tree_.source, ": ", path_of_open_frames(), ": the key ",
         quote(utf8::clip(key(*twin))), " stands there twice");
  }

  std::string path_of_open_frames() const {
    std::string path = "$";
    for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
      const std::size_t used = std::min(frames_[i + 1].first, pending_.size()) - frames_[i].first;
      if (frames_[i].kind == Kind::Array) {
        path += "[" + std::to_string(used) + "]";
      } else {
        path += "." + shown(tree_.text(pending_[frames_[i].first + used - 1]));
      }
    }
    return path;
  }

  Tree& tree_;
  Limits limits_;
  std::vector<Node> pending_;  // values whose container is still open
  std::vector<Frame> frames_;
};

// Depth is bounded by Limits, so recursion is safe.
bool find_path(const Tree& tree, std::uint32_t from, std::uint32_t wanted, std::string& path) {
  if (from == wanted) return true;
  const Node& node = tree.nodes[from];
  if (node.kind != Kind::Array && node.kind != Kind::Object) return false;
  const std::size_t length = path.size();
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const bool object = node.kind == Kind::Object;
    path += object ? "." + shown(tree.key(node, i)) : "[" + std::to_string(i) + "]";
    if (find_path(tree, node.children.first + (object ? 2 * i + 1 : i), wanted, path)) return true;
    path.resize(length);
  }
  return false;
}

}  // namespace

Value parse(std::string_view text, std::string source, Limits limits) {
  const std::uint64_t most = std::min<std::uint64_t>(limits.max_bytes, UINT32_MAX);
  if (text.size() > most) {
    fail(Errc::ResourceExhausted, "json", source, " has ", text.size(), " bytes; at most ", most,
         " are read here");
  }
  // The library takes a NUL outside strings for the end of the text and would accept anything behind it.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    fail(Errc::Corrupt, "json", source, ": NUL at byte ", nul);
  }
  auto tree = std::make_shared<Tree>();
  tree->source = std::move(source);
  Builder builder(*tree, limits);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  builder.finish();
  const auto root = tree->root;
  return {std::move(tree), root};
}

Value read_file(const std::filesystem::path& path, Limits limits) {
  return parse(read_text(path, limits.max_bytes), path.string(), limits);
}

Kind Value::kind() const noexcept {
  return tree_->nodes[node_].kind;
}

bool Value::as_bool() const {
  if (!is(Kind::Bool)) reject("true or false");
  return tree_->nodes[node_].flag;
}

std::int64_t Value::as_int(std::int64_t low, std::int64_t high) const {
  const bool bounded = low != INT64_MIN || high != INT64_MAX;
  const std::int64_t number = is(Kind::Integer) ? tree_->nodes[node_].integer : 0;
  if (!is(Kind::Integer) || number < low || number > high) {
    if (!bounded) reject("an integer");
    if (high == INT64_MAX) reject("an integer of at least " + std::to_string(low));
    reject("an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return number;
}

double Value::as_double() const {
  if (is(Kind::Integer)) return static_cast<double>(tree_->nodes[node_].integer);
  if (!is(Kind::Real)) reject("a number");
  return tree_->nodes[node_].real;
}

std::string_view Value::as_string() const {
  if (!is(Kind::String)) reject("a string");
  return tree_->text(tree_->nodes[node_]);
}

std::size_t Value::size() const {
  if (!is(Kind::Array) && !is(Kind::Object)) reject("an array or object");
  return tree_->nodes[node_].count;
}

Value Value::operator[](std::size_t index) const {
  if (index >= size()) reject("more than " + std::to_string(index) + " items");
  const Node& node = tree_->nodes[node_];
  const std::size_t place = is(Kind::Object) ? 2 * index + 1 : index;
  return {tree_, static_cast<std::uint32_t>(node.children.first + place)};
}

std::string_view Value::key(std::size_t index) const {
  if (!is(Kind::Object)) reject("an object");
  if (index >= size()) reject("more than " + std::to_string(index) + " members");
  return tree_->key(tree_->nodes[node_], index);
}

std::optional<Value> Value::find(std::string_view key) const {
  if (!is(Kind::Object)) reject("an object");
  const Node& node = tree_->nodes[node_];
  const auto first = tree_->sorted.begin() + node.children.sorted;
  const auto found = std::lower_bound(
      first, first + node.count, key,
      [&](std::uint32_t member, std::string_view name) { return tree_->key(node, member) < name; });
  if (found == first + node.count || tree_->key(node, *found) != key) return std::nullopt;
  const Value value = (*this)[*found];
  return value.is(Kind::Null) ? std::nullopt : std::optional(value);
}

Value Value::at(std::string_view key) const {
  if (auto value = find(key)) return *std::move(value);
  fail(Errc::Corrupt, "json", place(), ": the key ", quote(utf8::clip(key)), " is missing");
}

bool Value::get(std::string_view key, bool fallback) const {
  const auto value = find(key);
  return value ? value->as_bool() : fallback;
}
std::int64_t Value::get(std::string_view key, std::int64_t fallback) const {
  const auto value = find(key);
  return value ? value->as_int() : fallback;
}
double Value::get(std::string_view key, double fallback) const {
  const auto value = find(key);
  return value ? value->as_double() : fallback;
}
std::string Value::get(std::string_view key, std::string_view fallback) const {
  const auto value = find(key);
  return std::string(value ? value->as_string() : fallback);
}

void Value::allow_only(std::initializer_list<std::string_view> known) const {
  constexpr std::size_t kListed = 10;
  std::string unknown;
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    if (std::find(known.begin(), known.end(), key(i)) != known.end() || ++count > kListed) continue;
    unknown += (unknown.empty() ? "" : ", ") + quote(utf8::clip(key(i)));
  }
  if (count > kListed) unknown += " and " + std::to_string(count - kListed) + " more";
  if (count > 0) fail(Errc::Corrupt, "json", place(), ": unknown key ", unknown);
}

std::string Value::place() const {
  std::string path = "$";
  find_path(*tree_, tree_->root, node_, path);
  return tree_->source + ": " + path;
}

void Value::reject(std::string_view expected) const {
  std::string found(article_name(kind()));
  const Node& node = tree_->nodes[node_];
  if (is(Kind::Bool)) found = node.flag ? "true" : "false";
  if (is(Kind::Integer)) found = std::to_string(node.integer);
  if (is(Kind::Real)) found = lateral::detail::concat(node.real);
  if (is(Kind::String)) found = "the string " + quote(utf8::clip(tree_->text(node)));
  fail(Errc::Corrupt, "json", place(), ": expected ", expected, ", found ", found);
}

}  // namespace lateral::format::json
