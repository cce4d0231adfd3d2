#include "plugins/common/weights.hpp"

#include <lateral/sdk/error.hpp>

#include "files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::plugins;
using Catch::Contains;

namespace {

std::string good_file() {
  Random random(1);
  return test::safetensors(
      {{"a", test::random_array({2, 3}, random, 1)}, {"b", test::random_array({4}, random, 1)}},
      {{"token_space", "t"}});
}

Weights with_header(const std::string& header, const std::string& data = std::string(8, '\0')) {
  return Weights::parse(test::safetensors(header, data), "file");
}

std::string one(const std::string& entry) {
  return R"({"a":{)" + entry + "}}";
}

}  // namespace

TEST_CASE("a missing weights file is named") {
  CHECK_THROWS_WITH(Weights::load("/nowhere/w.safetensors"), Contains("/nowhere/w.safetensors"));
}

TEST_CASE("a weights file cut anywhere is refused") {
  const std::string good = good_file();
  for (std::size_t n = 0; n < good.size(); ++n)
    CHECK_THROWS_AS(Weights::parse(good.substr(0, n), "cut"), sdk::Error);
  CHECK_NOTHROW(Weights::parse(good, "whole"));
}

TEST_CASE("a weights file with any byte of its header changed is refused or read, and never more") {
  const std::string good = good_file();
  for (std::size_t i = 0; i < good.size() - 40; ++i) {
    for (const char c : {'\0', '"', '9', '}', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      try {
        Weights::parse(bad, "changed");
      } catch (const sdk::Error& error) {
        CHECK(error.code() == LAT_DATA_LOSS);
      }
    }
  }
}

TEST_CASE("hostile headers get one clear error") {
  CHECK_THROWS_AS(with_header(""), sdk::Error);
  CHECK_THROWS_AS(with_header("{}x"), sdk::Error);
  CHECK_THROWS_AS(with_header("[]"), sdk::Error);
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[2],"data_offsets":[0])")),
                    Contains("begin and end"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])")),
                    Contains("number"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8])")),
                    Contains("number"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])")),
                    Contains("shape"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[2],"data_offsets":[4,12])")), Contains("fit"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])")), Contains("fit"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F64","shape":[1],"data_offsets":[0,8])")), Contains("F64"));
  CHECK_THROWS_WITH(with_header(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1)")),
                    Contains("key"));
  CHECK_THROWS_WITH(with_header(R"({"a)"), Contains("without end"));
  CHECK_THROWS_WITH(with_header(R"({"\u0041":{}})"), Contains("escape"));
  CHECK_THROWS_WITH(with_header(R"({"a":{},"a":{}})"), Contains("twice"));
  CHECK_THROWS_WITH(Weights::parse(std::string(8, '\xff'), "file"), Contains("cut short"));
}

TEST_CASE("arrays that share bytes are refused: a small file must not fill the memory") {
  CHECK_THROWS_WITH(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
                    Contains("share"));
}

TEST_CASE("names that would spoil a message are refused") {
  for (const std::string& name :
       {std::string("\x1B[2J"), std::string("\\n"), std::string("\xFF"), std::string(300, 'x')}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(with_header("{\"" + name + R"(":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})"),
                      Contains("a name that"));
  }
}

TEST_CASE("numbers that are not finite are refused") {
  const std::string header = one(R"("dtype":"F16","shape":[1],"data_offsets":[0,2])");
  CHECK_THROWS_WITH(with_header(header, std::string("\x00\x7c", 2)), Contains("finite"));
  CHECK_THROWS_WITH(with_header(header, std::string("\x01\xfe", 2)), Contains("finite"));
}

TEST_CASE("half precision is widened exactly") {
  // 1, -2, 65504 (largest), 2^-14 (smallest normal), 2^-24 (smallest), -0, 1/3 rounded
  const std::string data("\x00\x3c\x00\xc0\xff\x7b\x00\x04\x01\x00\x00\x80\x55\x35", 14);
  const Weights weights = with_header(one(R"("dtype":"F16","shape":[7],"data_offsets":[0,14])"), data);
  CHECK(weights.get("a", {7}).values ==
        std::vector<float>{1.0F, -2.0F, 65504.0F, 0x1p-14F, 0x1p-24F, -0.0F, 0.333251953125F});
}

TEST_CASE("arrays are found by name and shape, and messages say what is missing") {
  const Weights weights = Weights::parse(good_file(), "file");
  CHECK(weights.get("a", {2, 3}).values.size() == 6);
  CHECK(weights.get("a", {-1, 3}).shape == std::vector<std::int64_t>{2, 3});
  CHECK(weights.note("token_space") == "t");
  CHECK_THROWS_WITH(weights.get("a", {3, 2}), Contains("[2, 3], not [3, 2]"));
  CHECK_THROWS_WITH(weights.get("a", {6}), Contains("[2, 3]"));
  CHECK_THROWS_WITH(weights.get("c", {1}), Contains("\"c\""));
  CHECK_THROWS_WITH(weights.note("network"), Contains("network"));
}
