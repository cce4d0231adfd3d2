#pragma once
// Where a parser stands in a template's tokens, and what it says when they are not those it expects.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/format/jinja_syntax.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::jinja {

inline constexpr std::string_view kWhere = "chat template";

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  /// The depth of recursion, counted for as long as it lives.
  class Level {
   public:
    explicit Level(TokenStream& stream) : depth_(stream.depth_) {
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
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
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

 private:
  static constexpr int kMaxDepth = 100;  // of brackets and blocks

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace lateral::format::jinja
