#include "core/format/json.hpp"

#include <cmath>
#include <limits>

#include "core/base/random.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using format::json::Kind;
using format::json::parse;
using format::json::Writer;
using test::thrown_by;

namespace {
constexpr const char* kConfig =
    R"({"model": {"layers": [4, 8, "six"], "rate": 0.5, "tied": true, "none": null}})";
}

TEST_CASE("a wrong type is reported with file, path, expected and found") {
  const auto root = parse(kConfig, "config.json");
  const auto error = thrown_by([&] { root.at("model").at("layers")[2].as_int(); });
  CHECK(error.code == Errc::Corrupt);
  CHECK(error.message ==
        R"(json: config.json: $.model.layers[2]: expected an integer, found the string "six")");
  CHECK(thrown_by([&] { root.at("model").at("heads"); }).mentions(R"($.model: the key "heads" is missing)"));
  CHECK(thrown_by([&] { root.at("model").at("layers")[1].as_int(1, 4); }).mentions("from 1 to 4, found 8"));
  CHECK(thrown_by([&] { root.at("model").allow_only({"layers", "tied"}); }).mentions(R"("rate", "none")"));
}

TEST_CASE("malformed text is Corrupt and says where") {
  for (const std::string text : {"", "{", "[1,]", "{\"a\":1,}", "nul", "[1] 2", "\"\\ud800\"", "01",
                                 "[1e999]", "\"\x80\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "// c\n1", "NaN",
                                 "\"a\nb\"", "{\"a\" 1}", "[\"\xf4\x90\x80\x80\"]", "'a'"}) {
    INFO(text);
    const auto error = thrown_by([&] { parse(text, "x"); });
    CHECK(error.code == Errc::Corrupt);
    CHECK((error.mentions("line ") || error.mentions("number overflow")));
  }
  CHECK(thrown_by([] { parse(std::string_view("1\0 garbage", 10), "x"); }).mentions("NUL"));
}

TEST_CASE("a key that stands twice is refused at every level") {
  CHECK(
      thrown_by([] { parse(R"({"a": 1, "a": 2})", "x"); }).mentions(R"($: the key "a" stands there twice)"));
  CHECK(thrown_by([] {
          parse(R"({"m": [0, {"b": {"k": 1, "k": 1}}]})", "x");
        }).mentions("$.m[1].b: the key \"k\""));
}

TEST_CASE("depth and size are bounded, whatever the nesting") {
  const std::string deep = std::string(1'000'000, '[');
  CHECK(thrown_by([&] { parse(deep, "x"); }).code == Errc::ResourceExhausted);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  CHECK(thrown_by([&] { parse(objects, "x"); }).code == Errc::ResourceExhausted);
  CHECK_NOTHROW(parse("[[[]]]", "x", {.max_depth = 3}));
  CHECK_THROWS(parse("[[[]]]", "x", {.max_depth = 2}));
  CHECK(thrown_by([] { parse("[1, 2]", "x", {.max_bytes = 5}); }).code == Errc::ResourceExhausted);
}

TEST_CASE("names from the text are shown bounded and without control characters") {
  const auto error = thrown_by([] { parse(R"({"\u001b[2J": {"a": 1, "a": 2}})", "x"); });
  CHECK(error.mentions("$.\\x1B[2J: the key \"a\""));
  CHECK(thrown_by([] { parse(R"({"\u001b[2J": 1})", "x")[0].as_string(); }).mentions("$.\\x1B[2J"));
  std::string many = "{";
  for (int i = 0; i < 10'000; ++i) many += lateral::detail::concat(i > 0 ? "," : "", '"', i, "\":0");
  const auto unknown = thrown_by([&] { parse(many + "}", "x").allow_only({"0"}); });
  CHECK(unknown.mentions("\"10\" and 9989 more"));
  CHECK(unknown.message.size() < 200);
}

TEST_CASE("members keep their order and are found by name") {
  const auto root = parse(R"({"z": 1, "a": "\u00e9\u0000", "m": {}})", "x");
  REQUIRE(root.size() == 3);
  CHECK(root.key(0) == "z");
  CHECK(root[1].as_string() == std::string("\xc3\xa9\0", 3));
  CHECK(root.at("z").as_int() == 1);
  CHECK(root.find("b") == std::nullopt);
  CHECK(root.at("m").size() == 0);
  CHECK(root.get("z", 7) == 1);
  CHECK(root.get("y", 7) == 7);
}

TEST_CASE("integers keep 64 bits and nothing else passes for one") {
  CHECK(parse("-9223372036854775808", "x").as_int() == INT64_MIN);
  CHECK(parse("9223372036854775807", "x").as_int() == INT64_MAX);
  CHECK_THROWS(parse("9223372036854775808", "x").as_int());
  CHECK_THROWS(parse("1.0", "x").as_int());
  CHECK(parse("1", "x").as_double() == 1.0);
}

TEST_CASE("what the writer writes reads back equal") {
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    const double number = std::ldexp(static_cast<double>(random.normal()), random.between(-300, 300));
    std::string text;
    for (int j = random.between(0, 6); j > 0; --j) text += static_cast<char>(random.below(128));
    Writer out(i % 3);
    out.begin_object().member("n", number).key("t").begin_array().value(text).null().value(true).end_array();
    out.member("empty", "").end_object();
    const auto root = parse(std::move(out).text(), "x");
    CHECK(root.at("n").as_double() == number);
    CHECK(root.at("t")[0].as_string() == text);
    CHECK(root.at("t")[1].is(Kind::Null));
  }
  const double minus_zero = parse(std::move(Writer().value(-0.0)).text(), "x").as_double();
  CHECK(std::signbit(minus_zero));
}

TEST_CASE("the writer's layout is fixed, its misuse a defect, its text always UTF-8") {
  Writer out(2);
  out.begin_object()
      .key("a")
      .begin_array()
      .value(1)
      .value(0.1F)
      .end_array()
      .key("b")
      .begin_object()
      .end_object();
  out.end_object();
  CHECK(std::move(out).text() == "{\n  \"a\": [\n    1,\n    0.1\n  ],\n  \"b\": {}\n}");
  CHECK(format::json::quote("\xff\"\n") == "\"\xef\xbf\xbd\\\"\\n\"");
  CHECK(thrown_by([] { Writer().value(std::nan("")); }).code == Errc::InvalidArgument);
  CHECK(thrown_by([] { Writer().begin_object().value(1); }).code == Errc::Internal);
  CHECK(thrown_by([] { Writer().begin_array().end_object(); }).code == Errc::Internal);
  CHECK(thrown_by([] { std::move(Writer().begin_array()).text(); }).code == Errc::Internal);
}

TEST_CASE("random changes of a text never do worse than throw") {
  Random random(6);
  const std::string good = kConfig;
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (int j = random.between(1, 4); j > 0; --j)
      text[random.below(text.size())] = static_cast<char>(random.next());
    try {
      parse(text, "x").place();
    } catch (const Error&) {
    }
  }
}
