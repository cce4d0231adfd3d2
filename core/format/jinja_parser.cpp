#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>

#include "core/base/error.hpp"
#include "core/format/jinja_syntax.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::jinja {
namespace {

using Kind = Expression::Kind;

constexpr std::string_view kWhere = "chat template";
constexpr std::size_t kMaxSource = 256 * 1024;
constexpr int kMaxDepth = 100;  // of brackets and blocks
constexpr int kMaxTree = 500;   // of an expression, where operators side by side nest as well

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Block run() && {
    Block block;
    while (!is(Token::Kind::End)) statement(block);
    return block;
  }

 private:
  // The depth of recursion, counted for as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : depth_(parser.depth_) {
      if (++depth_ > kMaxDepth)
        fail(Errc::ResourceExhausted, kWhere, "nested deeper than ", kMaxDepth, " levels");
    }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int& depth_;
  };

  const Token& now() const { return tokens_[at_]; }
  bool is(Token::Kind kind) const { return now().kind == kind; }
  bool is_operator(std::string_view text) const { return is(Token::Kind::Operator) && now().text == text; }
  bool is_name(std::string_view text) const { return is(Token::Kind::Name) && now().text == text; }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  [[noreturn]] void reject(std::string_view expected) const {
    fail(Errc::Corrupt, kWhere, "line ", now().line, ": expected ", expected, ", found ",
         json::quote(utf8::clip(now().text)));
  }
  [[noreturn]] void refuse(std::string_view what) const {
    fail(Errc::Unsupported, kWhere, "line ", now().line, ": ", json::quote(utf8::clip(what)),
         " is not supported");
  }

  bool skip_operator(std::string_view text) {
    if (!is_operator(text)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view text) {
    if (!is_name(text)) return false;
    take();
    return true;
  }
  void need_operator(std::string_view text) {
    if (!skip_operator(text)) reject(text);
  }
  std::string need_name() {
    if (!is(Token::Kind::Name)) reject("a name");
    return take().text;
  }
  // Parts, which are whole, of an expression.
  void measure(Expression& result) const {
    for (const auto& part : result.parts) result.depth = std::max(result.depth, part.depth + 1);
    for (const auto& [name, part] : result.named) result.depth = std::max(result.depth, part.depth + 1);
    if (result.depth > kMaxTree) refuse("an expression of this length");
  }
  // Parts are moved: an expression that grew by copies would take time squared.
  template <std::same_as<Expression>... Parts>
  Expression make(Kind kind, std::string name, int line, Parts... parts) const {
    std::vector<Expression> all;
    all.reserve(sizeof...(parts));
    (all.push_back(std::move(parts)), ...);
    return make(kind, std::move(name), line, std::move(all));
  }
  Expression make(Kind kind, std::string name, int line, std::vector<Expression> parts) const {
    Expression result{kind, std::move(name), {}, std::move(parts), {}, line};
    measure(result);
    return result;
  }

  void end_tag() {
    if (!is(Token::Kind::EndBlock)) reject("the end of the tag");
    take();
  }

  void statement(Block& block) {
    const Level level(*this);
    const int line = now().line;
    if (is(Token::Kind::Text)) {
      block.push_back({Statement::Kind::Text, take().text, {}, {}, {}, line});
    } else if (is(Token::Kind::Print)) {
      take();
      block.push_back({Statement::Kind::Print, {}, {}, {expression()}, {}, line});
      if (!is(Token::Kind::EndPrint)) reject("the end of the tag");
      take();
    } else {
      take();
      block_tag(block, need_name(), line);
    }
  }

  void block_tag(Block& block, const std::string& name, int line) {
    if (name == "if") return block.push_back(if_tag(line));
    if (name == "for") return block.push_back(for_tag(line));
    if (name == "set") return block.push_back(set_tag(line));
    if (name == "break" || name == "continue") {
      const auto kind = name == "break" ? Statement::Kind::Break : Statement::Kind::Continue;
      if (loops_ == 0) reject("a loop around " + name);
      block.push_back({kind, {}, {}, {}, {}, line});
      return end_tag();
    }
    if (name != "generation") refuse(name);
    // Only marks what training looks at.
    end_tag();
    auto body = body_until({"endgeneration"});
    take();
    end_tag();
    std::move(body.begin(), body.end(), std::back_inserter(block));
  }

  // Statements up to a tag with one of these names, which is then the current token.
  Block body_until(std::initializer_list<std::string_view> names) {
    Block body;
    while (true) {
      if (is(Token::Kind::End)) reject(*names.begin());
      const auto& next = tokens_[at_ + 1];
      if (is(Token::Kind::Block) && next.kind == Token::Kind::Name &&
          std::find(names.begin(), names.end(), next.text) != names.end()) {
        take();
        return body;
      }
      statement(body);
    }
  }

  Statement if_tag(int line) {
    Statement result{Statement::Kind::If, {}, {}, {}, {}, line};
    std::string name = "if";
    do {
      if (name != "else") result.expressions.push_back(expression());
      end_tag();
      const bool last = name == "else";
      result.bodies.push_back(last ? body_until({"endif"}) : body_until({"endif", "elif", "else"}));
      name = take().text;
    } while (name != "endif");
    end_tag();
    return result;
  }

  Statement for_tag(int line) {
    Statement result{Statement::Kind::For, {}, {need_name()}, {}, {}, line};
    while (skip_operator(",")) result.names.push_back(need_name());
    if (!skip_name("in")) reject("in");
    result.expressions.push_back(disjunction());
    if (skip_name("if")) result.expressions.push_back(expression());
    if (is_name("recursive")) refuse("recursive");
    end_tag();
    ++loops_;
    result.bodies.push_back(body_until({"endfor", "else"}));
    --loops_;
    if (take().text == "else") {
      end_tag();
      result.bodies.push_back(body_until({"endfor"}));
      take();
    }
    end_tag();
    return result;
  }

  Statement set_tag(int line) {
    Statement result{Statement::Kind::Set, {}, {need_name()}, {}, {}, line};
    if (skip_operator(".")) result.names.push_back(need_name());
    if (is_operator(",")) refuse("set of several names");
    if (skip_operator("=")) {
      result.expressions.push_back(expression());
      end_tag();
      return result;
    }
    end_tag();
    result.bodies.push_back(body_until({"endset"}));
    take();
    end_tag();
    return result;
  }

  Expression expression() {
    const Level level(*this);
    auto result = disjunction();
    while (is_name("if")) {
      const int line = take().line;
      auto condition = disjunction();
      auto other = skip_name("else") ? expression() : Expression{};
      result = make(Kind::Choice, {}, line, std::move(condition), std::move(result), std::move(other));
    }
    return result;
  }

  template <typename Operand>
  Expression chain(std::initializer_list<std::string_view> operators, Operand&& operand) {
    auto left = operand();
    while (is(Token::Kind::Operator)) {
      const auto found = std::find(operators.begin(), operators.end(), now().text);
      if (found == operators.end()) break;
      const auto sign = take();
      left = make(Kind::Binary, sign.text, sign.line, std::move(left), operand());
    }
    return left;
  }

  template <typename Operand>
  Expression words(std::string_view word, Kind kind, Operand&& operand) {
    auto first = operand();
    if (!is_name(word)) return first;
    auto result = make(kind, {}, now().line, std::move(first));
    while (skip_name(word)) result.parts.push_back(operand());
    measure(result);
    return result;
  }

  Expression disjunction() {
    return words("or", Kind::Or, [this] { return words("and", Kind::And, [this] { return negation(); }); });
  }

  Expression negation() {
    const Level level(*this);
    if (!is_name("not")) return comparison();
    const int line = take().line;
    return make(Kind::Not, {}, line, negation());
  }

  // One comparison only: a < b < c is no part of chat templates.
  Expression comparison() {
    auto left = sum();
    const auto sign = now();
    std::string name;
    constexpr std::array<std::string_view, 6> kSigns{"==", "!=", "<", "<=", ">", ">="};
    if (is(Token::Kind::Operator) && std::find(kSigns.begin(), kSigns.end(), sign.text) != kSigns.end()) {
      name = take().text;
    } else if (skip_name("in")) {
      name = "in";
    } else if (is_name("not") && tokens_[at_ + 1].text == "in") {
      take();
      take();
      name = "not in";
    } else {
      return left;
    }
    return make(Kind::Binary, name, sign.line, std::move(left), sum());
  }

  Expression sum() {
    return chain({"+", "-"}, [this] {
      return chain({"~"}, [this] { return chain({"*", "/", "//", "%"}, [this] { return unary(); }); });
    });
  }

  Expression unary() {
    const Level level(*this);
    if (is_operator("-")) {
      const int line = take().line;
      return make(Kind::Negate, {}, line, unary());
    }
    auto result = suffixed(primary());
    if (is_operator("**")) refuse("**");
    return result;
  }

  Expression primary() {
    const int line = now().line;
    if (is(Token::Kind::String)) {
      auto text = take().text;
      while (is(Token::Kind::String)) text += take().text;
      return literal(Value::text(text), line);
    }
    if (is(Token::Kind::Number)) return number();
    if (is(Token::Kind::Name)) return name(take());
    if (skip_operator("(")) {
      auto inner = expression();
      if (is_operator(",")) refuse("a tuple");
      need_operator(")");
      return inner;
    }
    if (skip_operator("[")) return make(Kind::Sequence, {}, line, items("]"));
    if (skip_operator("{")) return dictionary(line);
    reject("an expression");
  }

  Expression literal(Value value, int line) const {
    auto result = make(Kind::Literal, {}, line);
    result.value = std::move(value);
    return result;
  }

  Expression number() {
    const auto token = take();
    const auto& text = token.text;
    const char* const end = text.data() + text.size();
    if (text.find('.') != text.npos) {
      double real = 0;
      if (std::from_chars(text.data(), end, real).ptr != end) refuse("the number " + text);
      return literal(Value::Content(real), token.line);
    }
    std::int64_t integer = 0;
    const auto read = std::from_chars(text.data(), end, integer);
    if (read.ptr != end || read.ec != std::errc()) refuse("the number " + text);
    return literal(Value::Content(integer), token.line);
  }

  Expression name(const Token& token) const {
    const auto& text = token.text;
    if (text == "true" || text == "True") return literal(Value::Content(true), token.line);
    if (text == "false" || text == "False") return literal(Value::Content(false), token.line);
    if (text == "none" || text == "None") return literal(Value::Content(None{}), token.line);
    return make(Kind::Name, text, token.line);
  }

  std::vector<Expression> items(std::string_view end) {
    std::vector<Expression> result;
    while (!skip_operator(end)) {
      result.push_back(expression());
      if (!is_operator(end)) need_operator(",");
    }
    return result;
  }

  Expression dictionary(int line) {
    auto result = make(Kind::Mapping, {}, line);
    while (!skip_operator("}")) {
      result.parts.push_back(expression());
      need_operator(":");
      result.parts.push_back(expression());
      if (!is_operator("}")) need_operator(",");
    }
    measure(result);
    return result;
  }

  // .name  [item]  (arguments)  | filter  is test
  Expression suffixed(Expression result) {
    while (true) {
      const int line = now().line;
      if (skip_operator(".")) {
        result = make(Kind::Attribute, need_name(), line, std::move(result));
      } else if (skip_operator("[")) {
        result = subscript(std::move(result), line);
      } else if (is_operator("(")) {
        result = make(Kind::Call, {}, line, std::move(result));
        arguments(result);
      } else if (skip_operator("|")) {
        result = make(Kind::Filter, need_name(), line, std::move(result));
        if (is_operator("(")) arguments(result);
      } else if (skip_name("is")) {
        result = test(std::move(result), line);
      } else {
        return result;
      }
    }
  }

  Expression subscript(Expression of, int line) {
    std::vector<Expression> bounds;
    bool slice = false;
    while (!skip_operator("]")) {
      if (skip_operator(":")) {
        if (!slice && bounds.empty()) bounds.emplace_back();
        slice = true;
        if (is_operator(":") || is_operator("]")) bounds.emplace_back();
      } else {
        if (bounds.size() == 3) reject("]");
        bounds.push_back(expression());
        if (!is_operator(":") && !is_operator("]")) reject("]");
      }
    }
    if (bounds.size() > 3 || (!slice && bounds.size() != 1)) reject("an index");
    bounds.insert(bounds.begin(), std::move(of));
    if (slice) bounds.resize(4);
    return make(slice ? Kind::Slice : Kind::Item, {}, line, std::move(bounds));
  }

  void arguments(Expression& call) {
    need_operator("(");
    while (!skip_operator(")")) {
      if (is(Token::Kind::Name) && tokens_[at_ + 1].kind == Token::Kind::Operator &&
          tokens_[at_ + 1].text == "=") {
        auto name = take().text;
        take();
        call.named.emplace_back(std::move(name), expression());
      } else {
        call.parts.push_back(expression());
      }
      if (!is_operator(")")) need_operator(",");
    }
    measure(call);
  }

  Expression test(Expression of, int line) {
    const bool inverted = skip_name("not");
    auto result = make(Kind::Test, need_name(), line, std::move(of));
    const bool operand = is(Token::Kind::String) || is(Token::Kind::Number) || is_operator("[") ||
                         (is(Token::Kind::Name) && !is_name("else") && !is_name("or") && !is_name("and") &&
                          !is_name("is") && !is_name("if") && !is_name("not") && !is_name("in"));
    if (is_operator("(")) {
      arguments(result);
    } else if (operand) {
      result.parts.push_back(primary());
      measure(result);
    }
    return inverted ? make(Kind::Not, {}, line, std::move(result)) : result;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Block parse(std::string_view source) {
  if (source.size() > kMaxSource) {
    fail(Errc::ResourceExhausted, kWhere, "a template of ", source.size(), " bytes; at most ", kMaxSource);
  }
  return Parser(tokens_of(source)).run();
}

}  // namespace lateral::format::jinja
