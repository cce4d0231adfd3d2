#include "core/format/jinja_run.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::format::jinja {
namespace {

using Kind = Expression::Kind;

class Runner {
 public:
  explicit Runner(Dict globals) { scopes_.push_back(std::move(globals)); }

  enum class Flow { Next, Break, Continue };

  Flow run(const Block& block, std::string& out) {
    for (const auto& statement : block) {
      budget_.step();
      if (const Flow flow = run(statement, out); flow != Flow::Next) return flow;
    }
    return Flow::Next;
  }

 private:
  Flow run(const Statement& statement, std::string& out) {
    switch (statement.kind) {
      case Statement::Kind::Text:
        write(statement.text, out);
        return Flow::Next;
      case Statement::Kind::Print:
        write(printed(value_of(statement.expressions[0])), out);
        return Flow::Next;
      case Statement::Kind::If:
        return run_if(statement, out);
      case Statement::Kind::For:
        return run_for(statement, out);
      case Statement::Kind::Set:
        run_set(statement);
        return Flow::Next;
      case Statement::Kind::Break:
        return Flow::Break;
      case Statement::Kind::Continue:
        return Flow::Continue;
    }
    return Flow::Next;
  }

  void write(const std::string& text, std::string& out) {
    budget_.bytes(text.size());
    out += text;
  }

  Flow run_if(const Statement& statement, std::string& out) {
    for (std::size_t i = 0; i < statement.expressions.size(); ++i) {
      if (value_of(statement.expressions[i]).truth()) return run(statement.bodies[i], out);
    }
    const bool otherwise = statement.bodies.size() > statement.expressions.size();
    return otherwise ? run(statement.bodies.back(), out) : Flow::Next;
  }

  // What a loop sets is gone with its round, as in Jinja.
  Flow run_for(const Statement& statement, std::string& out) {
    const List items = looped_over(statement);
    if (items.empty()) return statement.bodies.size() > 1 ? run(statement.bodies[1], out) : Flow::Next;
    for (std::size_t i = 0; i < items.size(); ++i) {
      scopes_.push_back(loop_scope(statement, items, i));
      const Flow flow = run(statement.bodies[0], out);
      scopes_.pop_back();
      if (flow == Flow::Break) break;
    }
    return Flow::Next;
  }

  List looped_over(const Statement& statement) {
    const auto value = value_of(statement.expressions[0]);
    List items;
    if (value.list() != nullptr) {
      items = *value.list();
    } else if (value.dict() != nullptr) {
      for (const auto& member : *value.dict()) items.push_back(Value::text(member.first));
    } else if (!value.undefined()) {
      complain(statement.line, "a loop over " + std::string(value.kind()));
    }
    budget_.bytes(items.size() * sizeof(Value));
    if (statement.expressions.size() == 1) return items;
    std::erase_if(items, [&](const Value& item) {
      scopes_.push_back(targets(statement, item));
      const bool kept = value_of(statement.expressions[1]).truth();
      scopes_.pop_back();
      return !kept;
    });
    return items;
  }

  static Dict targets(const Statement& statement, const Value& item) {
    if (statement.names.size() == 1) return {{statement.names[0], item}};
    if (item.list() == nullptr || item.list()->size() != statement.names.size())
      complain(statement.line, "a loop with several names over " + std::string(item.kind()));
    Dict scope;
    for (std::size_t i = 0; i < statement.names.size(); ++i)
      scope.emplace_back(statement.names[i], (*item.list())[i]);
    return scope;
  }

  static Dict loop_scope(const Statement& statement, const List& items, std::size_t at) {
    const auto number = [](std::size_t value) {
      return Value(Value::Content(static_cast<std::int64_t>(value)));
    };
    const auto flag = [](bool value) { return Value(Value::Content(value)); };
    const std::size_t count = items.size();
    auto scope = targets(statement, items[at]);
    scope.emplace_back("loop", Value::dict({{"index", number(at + 1)},
                                            {"index0", number(at)},
                                            {"revindex", number(count - at)},
                                            {"revindex0", number(count - at - 1)},
                                            {"first", flag(at == 0)},
                                            {"last", flag(at + 1 == count)},
                                            {"length", number(count)},
                                            {"previtem", at == 0 ? Value() : items[at - 1]},
                                            {"nextitem", at + 1 == count ? Value() : items[at + 1]}}));
    return scope;
  }

  void run_set(const Statement& statement) {
    Value value;
    if (statement.expressions.empty()) {
      std::string text;
      run(statement.bodies[0], text);
      value = Value::text(text);
    } else {
      value = value_of(statement.expressions[0]);
    }
    if (statement.names.size() == 1) return store(scopes_.back(), statement.names[0], std::move(value));
    const auto space = lookup(statement.names[0]);
    if (space.name_space() == nullptr) complain(statement.line, "set of a member of what is no namespace");
    if (value.name_space() != nullptr) complain(statement.line, "a namespace inside another");
    store(space.name_space()->members, statement.names[1], std::move(value));
  }

  void store(Dict& scope, const std::string& name, Value value) {
    budget_.bytes(scope.size());
    for (auto& [known, old] : scope) {
      if (known == name) {
        old = std::move(value);
        return;
      }
    }
    scope.emplace_back(name, std::move(value));
  }

  Value lookup(const std::string& name) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      budget_.bytes(scope->size());
      for (const auto& [known, value] : *scope) {
        if (known == name) return value;
      }
    }
    return {};
  }

  Value value_of(const Expression& expression) {
    budget_.step();
    const auto& parts = expression.parts;
    const auto flag = [](bool value) { return Value(Value::Content(value)); };
    switch (expression.kind) {
      case Kind::Literal:
        return expression.value;
      case Kind::Name:
        return lookup(expression.name);
      case Kind::Sequence:
        return Value::list(values_of(parts));
      case Kind::Mapping:
        return dictionary(expression);
      case Kind::Attribute:
        return item_of(value_of(parts[0]), Value::text(expression.name), expression.line, budget_);
      case Kind::Item:
        return item_of(value_of(parts[0]), value_of(parts[1]), expression.line, budget_);
      case Kind::Slice:
        return slice_of(value_of(parts[0]), value_of(parts[1]), value_of(parts[2]), value_of(parts[3]),
                        expression.line, budget_);
      case Kind::Call:
        return call(expression);
      case Kind::Filter:
        return apply_filter(expression.name, arguments(expression, 0));
      case Kind::Test:
        return flag(apply_test(expression.name, arguments(expression, 0)));
      case Kind::Not:
        return flag(!value_of(parts[0]).truth());
      case Kind::Negate:
        return apply_operator("-", Value(Value::Content(std::int64_t{0})), value_of(parts[0]),
                              expression.line, budget_);
      case Kind::And:
      case Kind::Or:
        return decided(expression);
      case Kind::Binary:
        return apply_operator(expression.name, value_of(parts[0]), value_of(parts[1]), expression.line,
                              budget_);
      case Kind::Choice:
        return value_of(value_of(parts[0]).truth() ? parts[1] : parts[2]);
    }
    return {};
  }

  // As in Python the value that decided, not its truth.
  Value decided(const Expression& expression) {
    Value value;
    for (const auto& part : expression.parts) {
      value = value_of(part);
      if (value.truth() == (expression.kind == Kind::Or)) break;
    }
    return value;
  }

  List values_of(const std::vector<Expression>& expressions) {
    List values;
    for (const auto& each : expressions) values.push_back(value_of(each));
    return values;
  }

  Value dictionary(const Expression& expression) {
    Dict members;
    for (std::size_t i = 0; i < expression.parts.size(); i += 2) {
      const auto key = value_of(expression.parts[i]);
      if (key.text() == nullptr) complain(expression.line, "a key that is no string");
      store(members, *key.text(), value_of(expression.parts[i + 1]));
    }
    return Value::dict(std::move(members));
  }

  Arguments arguments(const Expression& expression, std::size_t from) {
    Arguments result{{}, {}, expression.line, budget_};
    for (std::size_t i = from; i < expression.parts.size(); ++i)
      result.values.push_back(value_of(expression.parts[i]));
    for (const auto& [name, part] : expression.named) result.named.emplace_back(name, value_of(part));
    return result;
  }

  Value call(const Expression& expression) {
    const auto& callee = expression.parts[0];
    if (callee.kind == Kind::Attribute)
      return call_method(value_of(callee.parts[0]), callee.name, arguments(expression, 1));
    if (callee.kind != Kind::Name) complain(expression.line, "a call of what is no name");
    return call_function(callee.name, arguments(expression, 1));
  }

  std::vector<Dict> scopes_;
  Budget budget_;
};

}  // namespace

void Budget::step() {
  if (--steps_ < 0) fail(Errc::ResourceExhausted, "chat template", "it takes too many steps");
}

void Budget::bytes(std::size_t count) {
  bytes_ -= static_cast<std::int64_t>(count);
  if (bytes_ < 0) fail(Errc::ResourceExhausted, "chat template", "it makes too much text");
}

void Budget::search(std::string_view text, std::string_view wanted) {
  constexpr std::size_t kAtOnce = 16;  // bytes that a comparison takes in one step
  bytes(text.size() * (1 + wanted.size() / kAtOnce));
}

void complain(int line, std::string_view what) {
  fail(Errc::Unsupported, "chat template", "line ", line, ": ", what, " is not supported");
}

std::string run(const Block& block, Dict globals) {
  std::string out;
  Runner(std::move(globals)).run(block, out);
  return out;
}

}  // namespace lateral::format::jinja
