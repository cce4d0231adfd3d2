#include "core/format/jinja_expressions.hpp"

#include <array>
#include <charconv>
#include <concepts>

namespace lateral::format::jinja {
namespace {

using Kind = Expression::Kind;

constexpr int kMaxTree = 500;  // of an expression, where operators side by side nest as well

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Expression expression() {
    const TokenStream::Level level(tokens_);
    auto result = disjunction();
    while (tokens_.is_name("if")) {
      const int line = tokens_.take().line;
      auto condition = disjunction();
      auto other = tokens_.skip_name("else") ? expression() : Expression{};
      result = make(Kind::Choice, {}, line, std::move(condition), std::move(result), std::move(other));
    }
    return result;
  }

  Expression disjunction() {
    return words("or", Kind::Or, [this] { return words("and", Kind::And, [this] { return negation(); }); });
  }

 private:
  // Parts, which are whole, of an expression.
  void measure(Expression& result) const {
    for (const auto& part : result.parts) result.depth = std::max(result.depth, part.depth + 1);
    for (const auto& [name, part] : result.named) result.depth = std::max(result.depth, part.depth + 1);
    if (result.depth > kMaxTree) tokens_.refuse("an expression of this length");
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

  template <typename Operand>
  Expression chain(std::initializer_list<std::string_view> operators, Operand&& operand) {
    auto left = operand();
    while (tokens_.is(Token::Kind::Operator)) {
      const auto found = std::find(operators.begin(), operators.end(), tokens_.now().text);
      if (found == operators.end()) break;
      const auto sign = tokens_.take();
      left = make(Kind::Binary, sign.text, sign.line, std::move(left), operand());
    }
    return left;
  }

  template <typename Operand>
  Expression words(std::string_view word, Kind kind, Operand&& operand) {
    auto first = operand();
    if (!tokens_.is_name(word)) return first;
    auto result = make(kind, {}, tokens_.now().line, std::move(first));
    while (tokens_.skip_name(word)) result.parts.push_back(operand());
    measure(result);
    return result;
  }

  Expression negation() {
    const TokenStream::Level level(tokens_);
    if (!tokens_.is_name("not")) return comparison();
    const int line = tokens_.take().line;
    return make(Kind::Not, {}, line, negation());
  }

  // One comparison only: a < b < c is no part of chat templates.
  Expression comparison() {
    auto left = sum();
    const auto sign = tokens_.now();
    std::string name;
    constexpr std::array<std::string_view, 6> kSigns{"==", "!=", "<", "<=", ">", ">="};
    if (tokens_.is(Token::Kind::Operator) &&
        std::find(kSigns.begin(), kSigns.end(), sign.text) != kSigns.end()) {
      name = tokens_.take().text;
    } else if (tokens_.skip_name("in")) {
      name = "in";
    } else if (tokens_.is_name("not") && tokens_.next().text == "in") {
      tokens_.take();
      tokens_.take();
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
    const TokenStream::Level level(tokens_);
    if (tokens_.is_operator("-")) {
      const int line = tokens_.take().line;
      return make(Kind::Negate, {}, line, unary());
    }
    auto result = suffixed(primary());
    if (tokens_.is_operator("**")) tokens_.refuse("**");
    return result;
  }

  Expression primary() {
    const int line = tokens_.now().line;
    if (tokens_.is(Token::Kind::String)) {
      auto text = tokens_.take().text;
      while (tokens_.is(Token::Kind::String)) text += tokens_.take().text;
      return literal(Value::text(text), line);
    }
    if (tokens_.is(Token::Kind::Number)) return number();
    if (tokens_.is(Token::Kind::Name)) return name(tokens_.take());
    if (tokens_.skip_operator("(")) {
      auto inner = expression();
      if (tokens_.is_operator(",")) tokens_.refuse("a tuple");
      tokens_.need_operator(")");
      return inner;
    }
    if (tokens_.skip_operator("[")) return make(Kind::Sequence, {}, line, items("]"));
    if (tokens_.skip_operator("{")) return dictionary(line);
    tokens_.reject("an expression");
  }

  Expression literal(Value value, int line) const {
    auto result = make(Kind::Literal, {}, line);
    result.value = std::move(value);
    return result;
  }

  Expression number() {
    const auto token = tokens_.take();
    const auto& text = token.text;
    const char* const end = text.data() + text.size();
    if (text.find('.') != text.npos) {
      double real = 0;
      if (std::from_chars(text.data(), end, real).ptr != end) tokens_.refuse("the number " + text);
      return literal(Value::Content(real), token.line);
    }
    std::int64_t integer = 0;
    const auto read = std::from_chars(text.data(), end, integer);
    if (read.ptr != end || read.ec != std::errc()) tokens_.refuse("the number " + text);
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
    while (!tokens_.skip_operator(end)) {
      result.push_back(expression());
      if (!tokens_.is_operator(end)) tokens_.need_operator(",");
    }
    return result;
  }

  Expression dictionary(int line) {
    auto result = make(Kind::Mapping, {}, line);
    while (!tokens_.skip_operator("}")) {
      result.parts.push_back(expression());
      tokens_.need_operator(":");
      result.parts.push_back(expression());
      if (!tokens_.is_operator("}")) tokens_.need_operator(",");
    }
    measure(result);
    return result;
  }

  // .name  [item]  (arguments)  | filter  is test
  Expression suffixed(Expression result) {
    while (true) {
      const int line = tokens_.now().line;
      if (tokens_.skip_operator(".")) {
        result = make(Kind::Attribute, tokens_.need_name(), line, std::move(result));
      } else if (tokens_.skip_operator("[")) {
        result = subscript(std::move(result), line);
      } else if (tokens_.is_operator("(")) {
        result = make(Kind::Call, {}, line, std::move(result));
        arguments(result);
      } else if (tokens_.skip_operator("|")) {
        result = make(Kind::Filter, tokens_.need_name(), line, std::move(result));
        if (tokens_.is_operator("(")) arguments(result);
      } else if (tokens_.skip_name("is")) {
        result = test(std::move(result), line);
      } else {
        return result;
      }
    }
  }

  Expression subscript(Expression of, int line) {
    std::vector<Expression> bounds;
    bool slice = false;
    while (!tokens_.skip_operator("]")) {
      if (tokens_.skip_operator(":")) {
        if (!slice && bounds.empty()) bounds.emplace_back();
        slice = true;
        if (tokens_.is_operator(":") || tokens_.is_operator("]")) bounds.emplace_back();
      } else {
        if (bounds.size() == 3) tokens_.reject("]");
        bounds.push_back(expression());
        if (!tokens_.is_operator(":") && !tokens_.is_operator("]")) tokens_.reject("]");
      }
    }
    if (bounds.size() > 3 || (!slice && bounds.size() != 1)) tokens_.reject("an index");
    bounds.insert(bounds.begin(), std::move(of));
    if (slice) bounds.resize(4);
    return make(slice ? Kind::Slice : Kind::Item, {}, line, std::move(bounds));
  }

  void arguments(Expression& call) {
    tokens_.need_operator("(");
    while (!tokens_.skip_operator(")")) {
      if (tokens_.is(Token::Kind::Name) && tokens_.next().kind == Token::Kind::Operator &&
          tokens_.next().text == "=") {
        auto name = tokens_.take().text;
        tokens_.take();
        call.named.emplace_back(std::move(name), expression());
      } else {
        call.parts.push_back(expression());
      }
      if (!tokens_.is_operator(")")) tokens_.need_operator(",");
    }
    measure(call);
  }

  Expression test(Expression of, int line) {
    const bool inverted = tokens_.skip_name("not");
    auto result = make(Kind::Test, tokens_.need_name(), line, std::move(of));
    const bool operand = tokens_.is(Token::Kind::String) || tokens_.is(Token::Kind::Number) ||
                         tokens_.is_operator("[") ||
                         (tokens_.is(Token::Kind::Name) && !tokens_.is_name("else") &&
                          !tokens_.is_name("or") && !tokens_.is_name("and") && !tokens_.is_name("is") &&
                          !tokens_.is_name("if") && !tokens_.is_name("not") && !tokens_.is_name("in"));
    if (tokens_.is_operator("(")) {
      arguments(result);
    } else if (operand) {
      result.parts.push_back(primary());
      measure(result);
    }
    return inverted ? make(Kind::Not, {}, line, std::move(result)) : result;
  }

  TokenStream& tokens_;
};

}  // namespace

Expression parse_expression(TokenStream& tokens) {
  return ExpressionParser(tokens).expression();
}

Expression parse_iterable(TokenStream& tokens) {
  return ExpressionParser(tokens).disjunction();
}

}  // namespace lateral::format::jinja
