#pragma once
// Runs a parsed chat template. Everything it does is counted: a template comes with a model, from anywhere.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/jinja_syntax.hpp"

namespace lateral::format::jinja {

/// What one run may take.
class Budget {
 public:
  /// Throws ResourceExhausted when steps, or bytes of text made, run out.
  void step();
  void bytes(std::size_t count);
  /// Looking for `wanted` in `text`, which may take a comparison at every place.
  void search(std::string_view text, std::string_view wanted);

 private:
  std::int64_t steps_ = 4'000'000;
  std::int64_t bytes_ = 256LL << 20U;
};

/// The arguments of a call, filter or test.
struct Arguments {
  std::vector<Value> values;
  std::vector<std::pair<std::string, Value>> named;
  int line;
  Budget& budget;

  /// Argument `index`, or by its name; undefined when it is not there.
  Value at(std::size_t index, std::string_view name = "") const;
  /// The text of argument `index`. Throws InvalidArgument when it is something else.
  const std::string& text(std::size_t index) const;
};

// Each throws Unsupported for a name that is not known. The first argument is what it is applied to.
Value call_function(const std::string& name, const Arguments& arguments);
Value call_method(const Value& object, const std::string& name, const Arguments& arguments);
Value apply_filter(const std::string& name, const Arguments& arguments);
bool apply_test(const std::string& name, const Arguments& arguments);
/// Python's `left OPERATOR right`.
Value apply_operator(const std::string& sign, const Value& left, const Value& right, int line,
                     Budget& budget);
bool contains(const Value& container, const Value& item, int line, Budget& budget);
/// object[item] and object.item; undefined when it is not there. Throws InvalidArgument for undefined objects.
Value item_of(const Value& object, const Value& item, int line, Budget& budget);
/// Python's object[start:stop:step] of a text or list; bounds may be undefined.
Value slice_of(const Value& object, const Value& start, const Value& stop, const Value& step, int line,
               Budget& budget);

[[noreturn]] void complain(int line, std::string_view what);

/// The output. `globals` is what the template sees.
std::string run(const Block& block, Dict globals);

}  // namespace lateral::format::jinja
