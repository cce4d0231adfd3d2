#pragma once
// The part of Jinja's grammar that chat templates use: tags, expressions, filters and tests; no macros, no
// inheritance, no includes. Source: the template designer's documentation of Jinja 3.1.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/jinja_value.hpp"

namespace lateral::format::jinja {

struct Token {
  enum class Kind { Text, Print, EndPrint, Block, EndBlock, Name, Number, String, Operator, End };
  Kind kind;
  std::string text;  ///< as written; of a String its value
  int line;
};

/// With trim_blocks and lstrip_blocks, as transformers sets them. Throws Corrupt or Unsupported.
std::vector<Token> tokens_of(std::string_view source);

struct Expression {
  enum class Kind {
    Literal,
    Name,
    Sequence,
    Mapping,
    Attribute,
    Item,
    Slice,
    Call,
    Filter,
    Test,
    Not,
    Negate,
    And,
    Or,
    Binary,
    Choice
  };
  Kind kind = Kind::Literal;
  std::string name{};  ///< of a name, attribute, filter, test or operator
  Value value{};
  /// Operands; of a Slice the text and three bounds; of a Dict key, value, key, value; of a call, filter or test
  /// what it is applied to (of a call: the function), then the arguments.
  std::vector<Expression> parts{};
  std::vector<std::pair<std::string, Expression>> named{};  ///< keyword arguments
  int line = 0;
  int depth = 0;  ///< of the tree: it is run, and freed, by recursion
};

struct Statement {
  enum class Kind { Text, Print, If, For, Set, Break, Continue };
  Kind kind = Kind::Text;
  std::string text{};
  std::vector<std::string> names{};       ///< loop variables; the target of set, with its attribute
  std::vector<Expression> expressions{};  ///< conditions; of For what is looped over, then its condition
  std::vector<std::vector<Statement>> bodies{};  ///< one a condition, then that of else
  int line = 0;
};
using Block = std::vector<Statement>;

/// Throws Corrupt for what is malformed, Unsupported for what is not known, ResourceExhausted for what is nested
/// without reason.
Block parse(std::string_view source);

}  // namespace lateral::format::jinja
