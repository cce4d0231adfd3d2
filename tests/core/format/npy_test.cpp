#include "core/format/npy.hpp"

#include "core/base/file.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::format;
using test::code_of;
using test::raw;
using test::to_bytes;

namespace {

std::string file(int version, const std::string& header, const std::string& data) {
  std::string text = "\x93NUMPY";
  text += {static_cast<char>(version), 0};
  const auto length = static_cast<std::uint32_t>(header.size());
  text +=
      version == 1 ? raw<std::uint16_t>({static_cast<std::uint16_t>(length)}) : raw<std::uint32_t>({length});
  return text + header + data;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }        \n";
}

NpyArray decode(const std::string& text) {
  return decode_npy(to_bytes(text), "test.npy");
}
void read_array(std::span<const std::byte> bytes) {
  decode_npy(bytes, "test.npy");
}

}  // namespace

TEST_CASE("what is not a plain array is refused with its reason") {
  CHECK(code_of([] { decode("PK\x03\x04"); }) == Errc::Corrupt);
  CHECK(code_of([] { decode(file(4, header("<f4", "()"), raw<float>({1}))); }) == Errc::Unsupported);
  CHECK(code_of([] { decode(file(1, header("<f4", "(1,)", "True"), raw<float>({1}))); }) ==
        Errc::Unsupported);
  CHECK(code_of([] { decode(file(1, header(">f4", "(1,)"), raw<float>({1}))); }) == Errc::Unsupported);
  CHECK(code_of([] { decode(file(1, header("|O", "(1,)"), "12345678")); }) == Errc::Unsupported);
  CHECK(code_of([] {
          decode(file(1, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234"));
        }) == Errc::Unsupported);
}

TEST_CASE("a shape that does not fit the data is refused, however large its product") {
  for (const char* shape : {"(2,)", "(0,)", "(-1,)", "(4294967296, 4294967296)", "(9223372036854775807, 3)",
                            "(1", "(1,,)", "(1.5,)", "1", "(99999999999999999999,)"}) {
    CAPTURE(shape);
    CHECK(code_of([&] { decode(file(1, header("<f4", shape), raw<float>({1}))); }) == Errc::Corrupt);
  }
  CHECK(code_of([] { decode(file(1, header("<f4", "(1,)"), raw<float>({1}) + "x")); }) == Errc::Corrupt);
  CHECK(code_of([] { decode(file(2, header("<f4", "(" + std::string(2000, '1') + ")"), "")); }) ==
        Errc::Corrupt);
}

TEST_CASE("each version and type is read") {
  for (const int version : {1, 2, 3}) {
    const NpyArray array = decode(file(version, header("<f4", "(2, 1)"), raw<float>({1.5F, -2})));
    CHECK(array.shape == std::vector<std::int64_t>{2, 1});
    CHECK(array.to_floats() == std::vector<float>{1.5F, -2});
  }
  CHECK(decode(file(1, header("<f8", "()"), raw<double>({0.25}))).to_floats() == std::vector<float>{0.25F});
  CHECK(decode(file(1, header("<i4", "(1,)"), raw<std::int32_t>({-7}))).to_floats() ==
        std::vector<float>{-7});
  CHECK(decode(file(1, header("<i8", "(1,)"), raw<std::int64_t>({1LL << 40U}))).to_floats() ==
        std::vector<float>{0x1p40F});
  CHECK(decode(file(1, header("|u1", "(2,)"), "\xFF\x01")).to_floats() == std::vector<float>{255, 1});
  CHECK(decode(file(1, header("|b1", "(1,)"), "\x01")).type == NpyType::Bool);
  CHECK(decode(file(1, header("<f4", "(0, 5)"), "")).elements() == 0);
}

TEST_CASE("arrays cut anywhere are refused, and damaged ones give an error or an array") {
  const auto whole = to_bytes(file(1, header("<f4", "(3, 2)"), raw<float>({1, 2, 3, 4, 5, 6})));
  test::check_truncations(whole, read_array);
  test::check_flips(whole, read_array, 1000);
}

TEST_CASE("a real range image has the shape and labels that its documentation says") {
  const auto folder = test::real_data("kitti_frames");
  if (!folder) return;
  const NpyArray array = read_npy(*folder / "squeezeseg_range/2011_09_26_0001_0000000010.npy");
  CHECK(array.shape == std::vector<std::int64_t>{64, 512, 6});
  const auto values = array.to_floats();
  for (std::size_t i = 5; i < values.size(); i += 6) REQUIRE((values[i] == 0.0F || values[i] == 1.0F));
}

TEST_CASE("a type's name from the file is shown bounded and without control characters") {
  const auto error =
      test::thrown_by([] { decode(file(1, header("\x1B[2J" + std::string(5000, 'x'), "()"), "")); });
  CHECK(error.mentions("type '\\x1B[2Jxxx"));
  CHECK(error.message.size() < 200);
}

TEST_CASE("what is written is read again, and a shape that does not fit is refused") {
  const std::vector<float> values{1, -2.5F, 3e8F, 0, 5, 6};
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{2, 3}, {6}, {1, 1, 6}}) {
    const auto array = decode_npy(encode_npy(values, shape), "written");
    CHECK(array.shape == shape);
    CHECK(array.to_floats() == values);
  }
  CHECK(test::thrown_by([&] { encode_npy(values, {2, 2}); }).code == Errc::InvalidArgument);
}
