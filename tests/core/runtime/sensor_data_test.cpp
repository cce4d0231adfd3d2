#include "core/runtime/sensor_data.hpp"

#include <cmath>
#include <cstring>

#include "core/base/file.hpp"
#include "core/format/image.hpp"
#include "core/format/npy.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::runtime;
using plugin::InputKind;

namespace {

plugin::InputSpec input(const std::string& name, InputKind kind, std::vector<std::string> columns = {}) {
  plugin::InputSpec spec;
  spec.name = name;
  spec.kind = kind;
  spec.columns = std::move(columns);
  return spec;
}

plugin::EncoderSpec encoder(std::vector<plugin::InputSpec> inputs) {
  plugin::EncoderSpec spec;
  spec.name = "eye";
  spec.inputs = std::move(inputs);
  return spec;
}

std::filesystem::path write_png(const std::filesystem::path& path, int height, int width,
                                std::uint8_t value) {
  const format::Image image{height, width,
                            std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * 3), value)};
  const auto bytes = format::encode_png(image);
  test::write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return path;
}

std::vector<float> floats_of(const SensorInput& input) {
  std::vector<float> values(input.bytes.size() / sizeof(float));
  std::memcpy(values.data(), input.bytes.data(), input.bytes.size());
  return values;
}

const auto kCamera = encoder({input("image", InputKind::Image)});
const auto kLidar = encoder({input("points", InputKind::Points, {"x", "y", "z", "intensity", "motion"})});

}  // namespace

TEST_CASE("views of different sizes are refused, naming the file and both sizes") {
  const test::TemporaryFolder folder;
  const InputFiles files{
      {"image", {write_png(folder / "a.png", 2, 3, 1), write_png(folder / "b.png", 4, 3, 2)}}};
  const auto error = test::thrown_by([&] { read_sensor_files(kCamera, files, {}); });
  CHECK(error.code == Errc::InvalidArgument);
  CHECK(error.mentions("b.png is 3x4"));
  CHECK(error.mentions("3x2"));
}

TEST_CASE("inputs that the encoder does not have, or that are missing, are refused with those it has") {
  const test::TemporaryFolder folder;
  const auto png = write_png(folder / "a.png", 2, 2, 0);
  const auto two = encoder({input("left", InputKind::Image), input("right", InputKind::Image)});
  const auto refusal = [&](const plugin::EncoderSpec& spec, const InputFiles& files) {
    const auto error = test::thrown_by([&] { read_sensor_files(spec, files, {}); });
    CHECK(error.code == Errc::InvalidArgument);
    return error.message;
  };
  CHECK(refusal(kCamera, {{"picture", {png}}}) == "input: encoder eye has no input 'picture'; it has: image");
  CHECK(refusal(kCamera, {}) == "input: encoder eye needs input 'image'");
  CHECK(refusal(kCamera, {{"image", {}}}) == "input: encoder eye needs input 'image'");
  CHECK(refusal(two, {{"left", {png}}}) == "input: encoder eye needs input 'right'");
  CHECK(refusal(two, {{"", {png}}}).find("several inputs (left, right)") != std::string::npos);
  CHECK(refusal(kCamera, {{"", {png}}, {"image", {png}}}).find("given twice") != std::string::npos);
  CHECK(refusal(kLidar, {{"points", {png, png}}}).find("takes one file, 2 were given") != std::string::npos);
}

TEST_CASE("a file that is not there, or is another kind of file, costs one error of its reader") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "text.png", "not a picture");
  CHECK(test::code_of([&] {
          read_sensor_files(kCamera, {{"", {folder / "absent.png"}}}, {});
        }) == Errc::NotFound);
  CHECK_THROWS_AS(read_sensor_files(kCamera, {{"", {folder / "text.png"}}}, {}), Error);
  CHECK_THROWS_AS(read_sensor_files(kCamera, {{"", {folder.path()}}}, {}), Error);
}

TEST_CASE("an optional input may be left out") {
  const test::TemporaryFolder folder;
  auto spec = encoder({input("image", InputKind::Image), input("words", InputKind::Text)});
  spec.inputs[1].optional = true;
  const auto png = write_png(folder / "a.png", 2, 2, 0);
  CHECK(read_sensor_files(spec, {{"image", {png}}}, {}).inputs.size() == 1);
  test::write_file(folder / "words", "look left");
  const auto data = read_sensor_files(spec, {{"image", {png}}, {"words", {folder / "words"}}}, {});
  REQUIRE(data.inputs.size() == 2);
  CHECK(data.inputs[1].shape == std::vector<std::int64_t>{9});
  CHECK(data.views()[1].dtype == plugin::DType::U8);
}

TEST_CASE("views of one size stand in the given order") {
  const test::TemporaryFolder folder;
  const InputFiles files{{"", {write_png(folder / "b.png", 2, 3, 7), write_png(folder / "a.png", 2, 3, 9)}}};
  const auto data = read_sensor_files(kCamera, files, {});
  REQUIRE(data.inputs.size() == 1);
  CHECK(data.inputs[0].name == "image");
  CHECK(data.inputs[0].shape == std::vector<std::int64_t>{2, 2, 3, 3});
  CHECK(data.inputs[0].bytes.front() == std::byte{7});
  CHECK(data.inputs[0].bytes.back() == std::byte{9});
}

TEST_CASE("raw points take their columns from the configuration, and a column nobody measured is zero") {
  const test::TemporaryFolder folder;
  // Written as x, y, z, ring, intensity; wanted as x, y, z, intensity, motion.
  test::write_file(folder / "a.bin", test::raw<float>({1, 2, 3, 70, 0.5F, 4, 5, 6, 71, 0.25F}));
  const InputFiles files{{"", {folder / "a.bin"}}};
  const auto data = read_sensor_files(kLidar, files, {"x", "y", "z", "ring", "intensity"});
  CHECK(data.inputs[0].shape == std::vector<std::int64_t>{2, 5});
  CHECK(data.inputs[0].columns == kLidar.inputs[0].columns);
  CHECK(floats_of(data.inputs[0]) == std::vector<float>{1, 2, 3, 0.5F, 0, 4, 5, 6, 0.25F, 0});
  CHECK_THROWS_AS(read_sensor_files(kLidar, files, {"x", "y", "ring", "intensity", "time"}), Error);
}

TEST_CASE("a table is taken in the declared order of columns") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.npy", test::npy({1, 2, 3, 4}, 2));
  const auto spec = encoder({input("readings", InputKind::Table, {"a", "b"})});
  const auto data = read_sensor_files(spec, {{"", {folder / "a.npy"}}}, {});
  CHECK(data.inputs[0].shape == std::vector<std::int64_t>{2, 2});
  CHECK(data.inputs[0].columns == std::vector<std::string>{"a", "b"});
  CHECK(floats_of(data.inputs[0]) == std::vector<float>{1, 2, 3, 4});
  CHECK(data.views()[0].data == data.inputs[0].bytes.data());
}

TEST_CASE("columns of a CSV table are picked by the declared names, and clocks become time elapsed") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.csv", "b,label,ms,a\n1,x,1657535082970,2\n3,y,1657535082978,4\n");
  const auto spec = encoder({input("readings", InputKind::Table, {"a", "b", "ms:elapsed"})});
  const auto data = read_sensor_files(spec, {{"", {folder / "a.csv"}}}, {});
  CHECK(data.inputs[0].shape == std::vector<std::int64_t>{2, 3});
  CHECK(data.inputs[0].columns == spec.inputs[0].columns);
  CHECK(floats_of(data.inputs[0]) == std::vector<float>{2, 1, 0, 4, 3, 8});
}

TEST_CASE("sound comes at the declared rate, whatever its file has") {
  const test::TemporaryFolder folder;
  const std::string format = "fmt " + test::raw<std::uint32_t>({16}) + test::raw<std::uint16_t>({1, 2}) +
                             test::raw<std::uint32_t>({8000, 32000}) + test::raw<std::uint16_t>({4, 16});
  const std::string sound(400 * 4, '\0');  // 50 ms of stereo silence
  const std::string body = "WAVE" + format + "data" + test::raw<std::uint32_t>({1600}) + sound;
  test::write_file(folder / "a.wav", "RIFF" + test::raw({static_cast<std::uint32_t>(body.size())}) + body);
  auto spec = encoder({input("sound", InputKind::Audio)});
  const auto length = [&](double rate) {
    spec.inputs[0].rate_hz = rate;
    const auto data = read_sensor_files(spec, {{"", {folder / "a.wav"}}}, {});
    CHECK(data.inputs[0].rate_hz == (rate == 0 ? 8000 : rate));
    return data.inputs[0].shape;
  };
  CHECK(length(0) == std::vector<std::int64_t>{400});
  CHECK(length(8000) == std::vector<std::int64_t>{400});
  CHECK(length(16000) == std::vector<std::int64_t>{800});
  CHECK(length(11025) == std::vector<std::int64_t>{552});
}

TEST_CASE("an array is sound at the encoder's rate, and refused where it cannot be") {
  const test::TemporaryFolder folder;
  auto spec = encoder({input("sound", InputKind::Audio)});
  spec.inputs[0].rate_hz = 16000;
  const auto read = [&](const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
    const auto bytes = format::encode_npy(values, shape);
    test::write_file(folder / "a.npy", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return read_sensor_files(spec, {{"", {folder / "a.npy"}}}, {});
  };
  const auto data = read({0.5F, -1}, {2});
  CHECK(data.inputs[0].rate_hz == 16000);
  CHECK(floats_of(data.inputs[0]) == std::vector<float>{0.5F, -1});
  CHECK(test::thrown_by([&] { read({1, 2}, {1, 2}); }).mentions("no array of one axis"));
  CHECK(test::code_of([&] { read({std::nanf("")}, {1}); }) == Errc::Corrupt);
  spec.inputs[0].rate_hz = 0;
  CHECK(test::thrown_by([&] { read({1, 2}, {2}); }).mentions("does not say its rate"));
}

TEST_CASE("the id tells files apart, and a file from what it was before") {
  const test::TemporaryFolder folder;
  const auto a = write_png(folder / "a.png", 2, 2, 0), b = write_png(folder / "b.png", 2, 2, 0);
  const auto id = [](const std::filesystem::path& file) {
    return read_sensor_files(kCamera, {{"", {file}}}, {}).id;
  };
  const auto before = id(a);
  CHECK_FALSE(before.empty());
  CHECK(id(a) == before);
  CHECK(id(b) != before);
  std::filesystem::last_write_time(a, std::filesystem::last_write_time(a) + std::chrono::seconds(1));
  CHECK(id(a) != before);
}
