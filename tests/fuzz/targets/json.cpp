// JSON there and back: what is read is written, and reads the same again.

#include "core/format/json.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace lateral;
using format::json::Kind;
using format::json::Value;
using format::json::Writer;

void write(const Value& value, Writer& out) {
  switch (value.kind()) {
    case Kind::Null:
      out.null();
      return;
    case Kind::Bool:
      out.value(value.as_bool());
      return;
    case Kind::Integer:
      out.value(value.as_int());
      return;
    case Kind::Real:
      out.value(value.as_double());
      return;
    case Kind::String:
      out.value(value.as_string());
      return;
    case Kind::Array:
      out.begin_array();
      for (std::size_t i = 0; i < value.size(); ++i) write(value[i], out);
      out.end_array();
      return;
    case Kind::Object:
      out.begin_object();
      for (std::size_t i = 0; i < value.size(); ++i) {
        const auto found = value.find(value.key(i));
        fuzz::require(found.has_value() != value[i].is(Kind::Null), "a member is found by its key");
        write(value[i], out.key(value.key(i)));
      }
      out.end_object();
  }
}

std::string written(const Value& value, int indent) {
  Writer out(indent);
  write(value, out);
  return std::move(out).text();
}

}  // namespace

void lateral::fuzz::run(Input input) {
  const auto value = format::json::parse(text_of(input), "a.json");
  require_readable(value.place());
  const auto once = written(value, 0);
  require(written(format::json::parse(once, "b.json"), 0) == once, "written JSON reads the same");
  require(written(format::json::parse(written(value, 2), "c.json"), 0) == once, "also when it is indented");
  if (value.is(Kind::Object)) value.allow_only({"known"});
}
