// The IMU plugin in a host, with random weights of a small LIMU-BERT, and with the real ones where they are.
#include "../signals.hpp"
#include "core/base/random.hpp"
#include "core/format/safetensors.hpp"
#include "core/format/table.hpp"
#include "small_weights.hpp"

using namespace lateral;
using test::Arrays;
using test::Loaded;
using test::small_weights;
using test::write;

namespace {

struct Weights {
  explicit Weights(const Arrays& arrays = small_weights()) { write(folder / "w.safetensors", arrays); }
  plugin::OptionMap options(plugin::OptionMap more = {}) const {
    more.try_emplace("weights", (folder / "w.safetensors").string());
    return more;
  }
  test::TemporaryFolder folder;
};

std::vector<float> readings(std::int64_t rows, std::int64_t columns = 6) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows * columns; ++i)
    values.push_back(static_cast<float>(i * i * 31 % 101) / 10 - 5);
  return values;
}

plugin::Tokens encode(plugin::Encoder& encoder, const std::vector<float>& values, std::int64_t rows) {
  const auto& columns = encoder.spec().inputs[0].columns;
  const plugin::Input input{"motion",           plugin::InputKind::Table,
                            plugin::DType::F32, {rows, static_cast<std::int64_t>(columns.size())},
                            values.data(),      columns};
  return encoder.encode({&input, 1});
}

bool refused(const plugin::OptionMap& options, const std::string& reason) {
  const auto error = test::thrown_by([&] { Loaded imu("imu", options); });
  INFO(error.message);
  return error.mentions(reason);
}

}  // namespace

TEST_CASE("weights that are missing, damaged or of other shapes are refused by name") {
  const Weights good;
  CHECK(refused({{"weights", std::string("/nowhere.safetensors")}}, "/nowhere.safetensors"));
  auto arrays = small_weights();
  arrays.erase("transformer.proj.bias");
  CHECK(refused(Weights(arrays).options(), "transformer.proj.bias"));
  arrays = small_weights();
  arrays["transformer.pwff.fc2.weight"].first = {10, 8};
  CHECK(refused(Weights(arrays).options(), "\"transformer.pwff.fc2.weight\" is [10, 8], not [8, 10]"));
  arrays = small_weights();
  arrays["transformer.norm1.beta"].second[0] = std::nanf("");
  CHECK(refused(Weights(arrays).options(), "not finite"));
  std::filesystem::resize_file(good.folder / "w.safetensors", 1000);
  CHECK(refused(good.options(), "w.safetensors"));
}

TEST_CASE("options that cannot be are refused with what can") {
  const Weights weights;
  CHECK(refused(weights.options({{"heads", std::int64_t{3}}}), "3 heads do not divide"));
  CHECK(refused(weights.options({{"columns", std::string("x,y,z")}}), "names 3 columns, the weights take 6"));
  CHECK(refused(weights.options({{"accelerometer_unit", std::string("mg")}}), "m/s2, g"));
  CHECK(refused(weights.options({{"rate", 50.0}, {"time", std::string("t")}}), "not both"));
  CHECK(refused(weights.options({{"segment", std::int64_t{0}}}), "\"segment\" is 0"));
}

TEST_CASE("tables that cannot be encoded cost one clear error") {
  const Weights weights;
  Loaded imu("imu", weights.options({{"windows", std::int64_t{2}}}));
  const auto refusal = [&](const std::vector<float>& values, std::int64_t rows) {
    return test::thrown_by([&] { encode(*imu.encoder, values, rows); }).message;
  };
  CHECK(refusal({}, 0).find("the table has no rows") != std::string::npos);
  CHECK(refusal(readings(25), 25).find("has 25 rows, at most 24 are encoded") != std::string::npos);
  auto broken = readings(3);
  broken[7] = std::nanf("");
  CHECK(refusal(broken, 3).find("row 2 has a value that is not a finite number") != std::string::npos);
  const plugin::Input nameless{
      "motion",           plugin::InputKind::Table,
      plugin::DType::F32, {1, 6},
      broken.data(),      {"x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "heading"}};
  CHECK(test::thrown_by([&] {
          imu.encoder->encode({&nameless, 1});
        }).mentions("lacks the column \"z_gyro\""));
}

TEST_CASE("a recording is one token for all of it and one for each segment") {
  const Weights weights;
  Loaded imu("imu", weights.options({{"segment", std::int64_t{4}}}));
  const auto tokens =
      encode(*imu.encoder, readings(20), 20).tokens;  // two windows of 10 in segments of 3, 3 and 4
  REQUIRE(tokens.rows == 7);
  REQUIRE(tokens.width == 28);
  const std::array sizes{3, 3, 4, 3, 3, 4};
  float mean = 0;
  for (std::int64_t i = 0; i < 6; ++i)
    mean += tokens.row(i + 1)[5] * static_cast<float>(sizes[static_cast<std::size_t>(i)]) / 20;
  CHECK(tokens.row(0)[5] == Catch::Approx(mean).margin(1e-5));
  const auto single = encode(*imu.encoder, readings(1), 1).tokens;
  REQUIRE(single.rows == 2);
  CHECK(single.row(1)[8] == 0);  // one state does not vary
  CHECK(single.row(1)[16] == Catch::Approx(readings(1)[0] / 9.8F));
  Loaded bare("imu", weights.options({{"readings", false}}));
  CHECK(encode(*bare.encoder, readings(20), 20).tokens.width == 16);
}

TEST_CASE("readings at another rate become those of the model, told by a column or by the rate") {
  const Weights weights;
  const auto plain = readings(10);
  std::vector<float> often, timed;
  for (std::size_t row = 0; row < 29;
       ++row) {  // 60 rows a second, each the same as the reading nearest to it
    const auto begin = plain.begin() + static_cast<long>((row + 1) / 3 * 6);
    often.insert(often.end(), begin, begin + 6);
    timed.insert(timed.end(), begin, begin + 6);
    timed.push_back(static_cast<float>(row) * 50 / 3);
  }
  Loaded as_is("imu", weights.options()), by_rate("imu", weights.options({{"rate", 60.0}})),
      by_time("imu", weights.options({{"time", std::string("timestamp")}}));
  CHECK(by_time.encoder->spec().inputs[0].columns.back() == "timestamp:elapsed");
  const auto wanted = encode(*as_is.encoder, plain, 10).tokens;
  CHECK(test::largest_difference(wanted.values(), encode(*by_rate.encoder, often, 29).tokens.values()) <
        1e-6F);
  CHECK(test::largest_difference(wanted.values(), encode(*by_time.encoder, timed, 29).tokens.values()) <
        1e-6F);
}

TEST_CASE("units are brought to those of the weights") {
  const Weights weights;
  auto in_g = readings(8);
  for (std::size_t i = 0; i < in_g.size(); ++i) in_g[i] = i % 6 < 3 ? in_g[i] / 9.8F : in_g[i] * 57.29578F;
  Loaded si("imu", weights.options()),
      other("imu", weights.options(
                       {{"accelerometer_unit", std::string("g")}, {"gyroscope_unit", std::string("deg/s")}}));
  CHECK(test::largest_difference(encode(*si.encoder, readings(8), 8).tokens.values(),
                                 encode(*other.encoder, in_g, 8).tokens.values()) < 1e-5F);
}

TEST_CASE("a magnetometer behind the gyroscope gives the direction of the mean field") {
  const Weights weights(small_weights(9));
  Loaded imu("imu",
             weights.options({{"columns", std::string("ax,ay,az,gx,gy,gz,mx,my,mz")}, {"rate", 60.0}}));
  const std::vector<float> two{9.8F, 0, 0, 1, 2, 3, 30, 0, 0, 9.8F, 0, 0, 1, 2, 3, 0, 40, 0};
  const auto tokens = encode(*imu.encoder, two, 2).tokens;  // both within half a step of one reading
  REQUIRE(tokens.rows == 2);
  REQUIRE(tokens.width == 34);
  const auto reading = tokens.row(1).subspan(16, 9);
  const std::vector<float> wanted{1, 0, 0, 1, 2, 3, 0.6F, 0.8F, 0};
  CHECK(test::largest_difference(reading, wanted) < 1e-5F);
}

TEST_CASE("weights for channels that upstream prepares in no way are refused") {
  for (const std::int64_t channels : {3, 7})
    CHECK(refused(Weights(small_weights(channels)).options(),
                  "takes " + std::to_string(channels) + " channels; known are 6"));
}

TEST_CASE("motion gives the same bits in a thread, in a process and in a sandbox") {
  const Weights weights;
  test::expect_same_bits("imu", weights.options(),
                         [](plugin::Encoder& encoder) { return encode(encoder, readings(20), 20); });
}

TEST_CASE("the real LIMU-BERT gives the recorded embeddings") {
  const auto weights = test::real_data("weights/limu_bert/limu_bert_motion.safetensors");
  const auto recorded = test::real_data("imu_har/expected_limu_bert_motion.safetensors");
  if (!weights || !recorded) return;
  const format::SafetensorsFile expected(*recorded);
  const auto floats = [&](const char* name) {
    std::vector<float> values(static_cast<std::size_t>(expected.at(name).elements()));
    std::memcpy(values.data(), expected.at(name).bytes.data(), expected.at(name).bytes.size());
    return values;
  };
  const auto input = floats("input"), embedding = floats("embedding");
  Loaded imu("imu", {{"weights", weights->string()},
                     {"segment", std::int64_t{1}},
                     {"accelerometer_unit", std::string("g")}});
  for (std::size_t window = 0; window < 6; ++window) {
    const auto rows = std::span(input).subspan(window * 720, 720);
    const auto tokens = encode(*imu.encoder, {rows.begin(), rows.end()}, 120).tokens;
    REQUIRE(tokens.rows == 121);  // a token's first half is the mean of its only state
    for (std::int64_t i = 0; i < 120; ++i) {
      const auto state = std::span(embedding).subspan(window * 8640 + static_cast<std::size_t>(i) * 72, 72);
      CHECK(test::largest_difference(tokens.row(i + 1).first(72), state) < 1e-5F);
    }
  }
}

TEST_CASE("a recorded CSV goes through with its times") {
  const auto weights = test::real_data("weights/limu_bert/limu_bert_motion.safetensors");
  const auto recording = test::real_data("imu_har/s03/s03_01_sp.csv");
  if (!weights || !recording) return;
  Loaded imu("imu", {{"weights", weights->string()}, {"time", std::string("timestamp")}});
  const auto table = format::read_table(*recording, imu.encoder->spec().inputs[0].columns);
  const auto tokens = encode(*imu.encoder, table.values, table.rows).tokens;
  CHECK(tokens.rows ==
        13);  // 10.7 s are 214 readings at 20 Hz: two windows of 107 in six segments each, and all of it
}
