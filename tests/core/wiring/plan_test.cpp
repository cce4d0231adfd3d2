#include "core/wiring/plan.hpp"

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace lateral::wiring;
using lateral::Errc;
using lateral::Error;

namespace {

ConnectionPlan plan(std::string id, int layers = 8) {
  return {id, id, "main", Method::LateKv, BlockSet::parse("auto", layers)};
}

}  // namespace

TEST_CASE("an unknown method is told apart from one that this build lacks") {
  try {
    method_named("lat-kv");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::InvalidArgument);
    CHECK(std::string(error.what()) == R"(method: unknown method "lat-kv"; this build has "late-kv")");
  }
  try {
    method_named("composite");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::Unsupported);
  }
  CHECK(method_named(name_of(Method::LateKv)) == Method::LateKv);
}

TEST_CASE("an id that could not stand in a command or a file name is refused") {
  for (const std::string id : {"", "-camera", ".hidden", "front camera", "a/b", "../x"}) {
    CHECK_THROWS_AS(check_id(id, "connection"), Error);
  }
  CHECK_THROWS_AS(check_id(std::string(65, 'a'), "connection"), Error);
  CHECK_NOTHROW(check_id("camera.front-2_b", "connection"));
}

TEST_CASE("plans that repeat an id or mean different models are refused") {
  CHECK_THROWS_WITH(check(std::vector{plan("camera"), plan("camera")}), Catch::Contains("planned twice"));
  CHECK_THROWS_WITH(check(std::vector{plan("camera"), plan("lidar", 6)}),
                    Catch::Contains("different models"));
  CHECK_NOTHROW(check(std::vector{plan("camera"), plan("lidar")}));
  CHECK_NOTHROW(check({}));
}
