#include <algorithm>
#include <iterator>

#include "core/format/jinja_expressions.hpp"

namespace lateral::format::jinja {
namespace {

constexpr std::size_t kMaxSource = 256 * 1024;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Block run() && {
    Block block;
    while (!tokens_.is(Token::Kind::End)) statement(block);
    return block;
  }

 private:
  void end_tag() {
    if (!tokens_.is(Token::Kind::EndBlock)) tokens_.reject("the end of the tag");
    tokens_.take();
  }

  void statement(Block& block) {
    const TokenStream::Level level(tokens_);
    const int line = tokens_.now().line;
    if (tokens_.is(Token::Kind::Text)) {
      block.push_back({Statement::Kind::Text, tokens_.take().text, {}, {}, {}, line});
    } else if (tokens_.is(Token::Kind::Print)) {
      tokens_.take();
      block.push_back({Statement::Kind::Print, {}, {}, {parse_expression(tokens_)}, {}, line});
      if (!tokens_.is(Token::Kind::EndPrint)) tokens_.reject("the end of the tag");
      tokens_.take();
    } else {
      tokens_.take();
      block_tag(block, tokens_.need_name(), line);
    }
  }

  void block_tag(Block& block, const std::string& name, int line) {
    if (name == "if") return block.push_back(if_tag(line));
    if (name == "for") return block.push_back(for_tag(line));
    if (name == "set") return block.push_back(set_tag(line));
    if (name == "break" || name == "continue") {
      const auto kind = name == "break" ? Statement::Kind::Break : Statement::Kind::Continue;
      if (loops_ == 0) tokens_.reject("a loop around " + name);
      block.push_back({kind, {}, {}, {}, {}, line});
      return end_tag();
    }
    if (name != "generation") tokens_.refuse(name);
    // Only marks what training looks at.
    end_tag();
    auto body = body_until({"endgeneration"});
    tokens_.take();
    end_tag();
    std::move(body.begin(), body.end(), std::back_inserter(block));
  }

  // Statements up to a tag with one of these names, which is then the current token.
  Block body_until(std::initializer_list<std::string_view> names) {
    Block body;
    while (true) {
      if (tokens_.is(Token::Kind::End)) tokens_.reject(*names.begin());
      const auto& next = tokens_.next();
      if (tokens_.is(Token::Kind::Block) && next.kind == Token::Kind::Name &&
          std::find(names.begin(), names.end(), next.text) != names.end()) {
        tokens_.take();
        return body;
      }
      statement(body);
    }
  }

  Statement if_tag(int line) {
    Statement result{Statement::Kind::If, {}, {}, {}, {}, line};
    std::string name = "if";
    do {
      if (name != "else") result.expressions.push_back(parse_expression(tokens_));
      end_tag();
      const bool last = name == "else";
      result.bodies.push_back(last ? body_until({"endif"}) : body_until({"endif", "elif", "else"}));
      name = tokens_.take().text;
    } while (name != "endif");
    end_tag();
    return result;
  }

  Statement for_tag(int line) {
    Statement result{Statement::Kind::For, {}, {tokens_.need_name()}, {}, {}, line};
    while (tokens_.skip_operator(",")) result.names.push_back(tokens_.need_name());
    if (!tokens_.skip_name("in")) tokens_.reject("in");
    result.expressions.push_back(parse_iterable(tokens_));
    if (tokens_.skip_name("if")) result.expressions.push_back(parse_expression(tokens_));
    if (tokens_.is_name("recursive")) tokens_.refuse("recursive");
    end_tag();
    ++loops_;
    result.bodies.push_back(body_until({"endfor", "else"}));
    --loops_;
    if (tokens_.take().text == "else") {
      end_tag();
      result.bodies.push_back(body_until({"endfor"}));
      tokens_.take();
    }
    end_tag();
    return result;
  }

  Statement set_tag(int line) {
    Statement result{Statement::Kind::Set, {}, {tokens_.need_name()}, {}, {}, line};
    if (tokens_.skip_operator(".")) result.names.push_back(tokens_.need_name());
    if (tokens_.is_operator(",")) tokens_.refuse("set of several names");
    if (tokens_.skip_operator("=")) {
      result.expressions.push_back(parse_expression(tokens_));
      end_tag();
      return result;
    }
    end_tag();
    result.bodies.push_back(body_until({"endset"}));
    tokens_.take();
    end_tag();
    return result;
  }

  TokenStream tokens_;
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
