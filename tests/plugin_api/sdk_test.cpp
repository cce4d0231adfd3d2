#include <lateral/plugin.hpp>

#include <string>

#include "tests/support/catch.hpp"

namespace sdk = lateral::sdk;

namespace {

lat_kv pair(const char* key, std::int64_t value) {
  lat_kv kv{};
  kv.struct_size = sizeof kv;
  kv.key = key;
  kv.type = LAT_KV_I64;
  kv.i64 = value;
  return kv;
}

lat_kv pair(const char* key, const char* value) {
  lat_kv kv = pair(key, std::int64_t{0});
  kv.type = LAT_KV_STR;
  kv.str = value;
  kv.count = std::string(value).size();
  return kv;
}

}  // namespace

TEST_CASE("an option of another type is refused with its name and the type that is wanted") {
  const lat_kv views = pair("views", "six");
  const lat_kv* const list[] = {&views};
  sdk::Options options(list, 1);
  CHECK_THROWS_WITH(options.get("views", 6), "option \"views\" must be an integer");
  CHECK_THROWS_WITH(options.get("views", true), "option \"views\" must be true or false");
  CHECK(options.get("views", "") == "six");
}

TEST_CASE("an option that nobody read is refused with the names that are known") {
  const lat_kv typo = pair("veiws", std::int64_t{6});
  const lat_kv* const list[] = {&typo};
  sdk::Options options(list, 1);
  CHECK(options.get("views", 5) == 5);
  CHECK(options.get("scale", 1.5) == 1.5);
  CHECK_THROWS_WITH(options.refuse_unknown(options.keys_read()),
                    "unknown option \"veiws\"; known: scale, views");
}

TEST_CASE("an integer is accepted as a number, and one that does not fit is not") {
  const lat_kv count = pair("count", std::int64_t{300});
  const lat_kv* const list[] = {&count};
  sdk::Options options(list, 1);
  CHECK(options.get("count", 0.5) == 300.0);
  CHECK(options.get("count", 0U) == 300U);
  CHECK_THROWS_WITH(options.get<std::uint8_t>("count", 1), "option \"count\" is out of range: 300");
}

TEST_CASE("guard turns everything that can be thrown into a status, and cuts texts to the host's buffer") {
  char text[8] = "";
  lat_err err{sizeof err, 0, 0, 0, sizeof text, text};
  CHECK(sdk::guard(&err, [] { sdk::fail(LAT_NOT_FOUND, "no weights"); }) == LAT_NOT_FOUND);
  CHECK(std::string(text) == "no weig");
  CHECK(err.code == LAT_NOT_FOUND);
  CHECK(sdk::guard(nullptr, [] { throw std::bad_alloc(); }) == LAT_RESOURCE_EXHAUSTED);
  CHECK(sdk::guard(nullptr, [] { throw std::invalid_argument("x"); }) == LAT_INVALID_ARGUMENT);
  CHECK(sdk::guard(nullptr, [] { throw std::runtime_error("x"); }) == LAT_INTERNAL);
  CHECK(sdk::guard(nullptr, [] { throw 42; }) == LAT_UNKNOWN);
  CHECK(sdk::guard(nullptr, [] {}) == LAT_OK);
}
