#include "core/base/hash.hpp"

#include "tests/support/catch.hpp"

using lateral::Hash64;

TEST_CASE("the hash is FNV-1a: its published test values") {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); };
  CHECK(Hash64().value() == 0xCBF29CE484222325ULL);
  CHECK(Hash64().add(bytes("a")).value() == 0xAF63DC4C8601EC8CULL);
  CHECK(Hash64().add(bytes("foobar")).value() == 0x85944171F73967E8ULL);
  CHECK(Hash64().add(bytes("a")).text() == "af63dc4c8601ec8c");
}

TEST_CASE("texts are told apart by where they end") {
  CHECK(Hash64().add("ab").add("c").value() != Hash64().add("a").add("bc").value());
}
