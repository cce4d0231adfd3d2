#pragma once
// Expressions of a template, from their tokens.

#include "core/format/jinja_tokens.hpp"

namespace lateral::format::jinja {

/// A whole expression. Throws Corrupt, Unsupported, ResourceExhausted.
Expression parse_expression(TokenStream& tokens);
/// One without a condition at its end: what stands between `in` and `if` of a loop.
Expression parse_iterable(TokenStream& tokens);

}  // namespace lateral::format::jinja
