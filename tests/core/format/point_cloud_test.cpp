#include "core/format/point_cloud.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/base/file.hpp"
#include "core/format/lzf.hpp"
#include "core/format/npy.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::format;
using test::Bytes;
using test::code_of;
using test::raw;
using test::to_bytes;

namespace {

using Names = std::vector<std::string>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
const Names kXyzi{"x", "y", "z", "intensity"};

std::string pcd_header(const std::string& data, const std::string& width = "3") {
  return "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 1\nTYPE F F F U\nCOUNT 1 1 1 "
         "1\nWIDTH " +
         width + "\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS " + width + "\nDATA " + data + "\n";
}

std::string point(float x, float y, float z, int intensity) {
  return raw<float>({x, y, z}) + static_cast<char>(intensity);
}

/// LZF data that is all literals: the simplest true encoding.
std::string lzf_literals(const std::string& plain) {
  std::string out;
  for (std::size_t at = 0; at < plain.size(); at += 32) {
    const std::string part = plain.substr(at, 32);
    out += static_cast<char>(part.size() - 1) + part;
  }
  return out;
}

std::string compressed_pcd(const std::string& plain, const std::string& packed) {
  return pcd_header("binary_compressed") +
         raw<std::uint32_t>(
             {static_cast<std::uint32_t>(packed.size()), static_cast<std::uint32_t>(plain.size())}) +
         packed;
}

const std::string kRows = point(1, 2, 3, 4) + point(-5.5F, 6, 7, 200) + point(8, 9, 10, 0);
const std::vector<float> kValues{1, 2, 3, 4, -5.5F, 6, 7, 200, 8, 9, 10, 0};

PointCloud pcd(const std::string& text) {
  return decode_pcd(to_bytes(text), "test.pcd");
}
PointCloud ply(const std::string& text) {
  return decode_ply(to_bytes(text), "test.ply");
}

void read_pcd(std::span<const std::byte> bytes) {
  decode_pcd(bytes, "test.pcd");
}
void read_ply(std::span<const std::byte> bytes) {
  decode_ply(bytes, "test.ply");
}

std::string ply_header(const std::string& format) {
  return "ply\nformat " + format +
         " 1.0\ncomment made by hand\nelement vertex 2\nproperty float x\nproperty double Y\nproperty short "
         "z\n"
         "property uchar scalar_Intensity\nelement face 0\nproperty list uchar int "
         "vertex_indices\nend_header\n";
}

std::string reversed(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

TEST_CASE("a .bin needs declared columns and a whole number of rows") {
  const Bytes bytes = to_bytes(raw<float>({1, 2, 3, 4, 5, 6, 7, 8}));
  CHECK(code_of([&] { decode_bin(bytes, {}, "a"); }) == Errc::InvalidArgument);
  CHECK(code_of([&] { decode_bin(bytes, Names{"x", "x"}, "a"); }) == Errc::InvalidArgument);
  CHECK(code_of([&] { decode_bin(bytes, Names{"x", ""}, "a"); }) == Errc::InvalidArgument);
  const auto error = test::thrown_by([&] {
    decode_bin(bytes, Names{"x", "y", "z", "intensity", "ring"}, "a.bin");
  });
  CHECK(error.message ==
        "point_cloud: a.bin has 32 bytes, no whole number of rows of 5 float32 (x, y, z, intensity, ring)");
  const PointCloud cloud = decode_bin(bytes, kXyzi, "a");
  CHECK(cloud.rows == 2);
  CHECK(cloud.values == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(decode_bin({}, kXyzi, "empty").rows == 0);
}

TEST_CASE(
    "points without finite coordinates are dropped and counted, other odd values only where they are asked "
    "for") {
  const Bytes bytes = to_bytes(raw<float>({kNan, 0, 0, 1, 1, 2, 3, kNan, 4, INFINITY, 6, 1, 7, 8, 9, 1}));
  const PointCloud cloud = decode_bin(bytes, kXyzi, "a");
  CHECK(cloud.rows == 2);
  CHECK(cloud.dropped == 2);
  CHECK(select_columns(cloud, Names{"x", "y", "z"}).rows == 2);
  const PointCloud with_intensity = select_columns(cloud, kXyzi);
  CHECK(with_intensity.values == std::vector<float>{7, 8, 9, 1});
  CHECK(with_intensity.dropped == 3);
}

TEST_CASE("columns are selected by name, missing ones are named or filled with zeros when optional") {
  const PointCloud cloud{{"x", "y", "z"}, {1, 2, 3, 4, 5, 6}, 2, 0};
  CHECK(select_columns(cloud, Names{"z", "x"}).values == std::vector<float>{3, 1, 6, 4});
  CHECK(select_columns(cloud, kXyzi, Names{"intensity"}).values ==
        std::vector<float>{1, 2, 3, 0, 4, 5, 6, 0});
  const auto error = test::thrown_by([&] { select_columns(cloud, kXyzi); });
  CHECK(error.message == "point_cloud: no column 'intensity'; there are x, y, z");
}

TEST_CASE("a PCD says the same in each of its three forms") {
  CHECK(pcd(pcd_header("binary") + kRows).values == kValues);
  const PointCloud ascii = pcd(pcd_header("ascii") + "1 2 3 4\n-5.5 6e0 +7 200\r\n8 9 10 0");
  CHECK(ascii.values == kValues);
  CHECK(ascii.columns == kXyzi);
  const std::string by_field = raw<float>({1, -5.5F, 8}) + raw<float>({2, 6, 9}) + raw<float>({3, 7, 10}) +
                               std::string{4, static_cast<char>(200), 0};
  CHECK(pcd(compressed_pcd(by_field, lzf_literals(by_field))).values == kValues);
}

TEST_CASE(
    "a PCD's NaN points are invalid measurements, its padding is no column, and counted fields get numbers") {
  const PointCloud nan = pcd(pcd_header("ascii") + "nan nan nan 0\n1 2 3 4\n-nan 1e999 0 0\n");
  CHECK(nan.rows == 1);
  CHECK(nan.dropped == 2);
  const std::string header =
      "VERSION .7\nFIELDS x _ f\nSIZE 4 1 8\nTYPE F U F\nCOUNT 1 4 2\nWIDTH 1\nHEIGHT 1\nPOINTS 1\nDATA ";
  const std::string row = raw<float>({1}) + "pad!" + raw<double>({2, 3});
  const PointCloud padded = pcd(header + "binary\n" + row);
  CHECK(padded.columns == Names{"x", "f_0", "f_1"});
  CHECK(padded.values == std::vector<float>{1, 2, 3});
  // PCL leaves padding out of its compressed form.
  const std::string kept = raw<float>({1}) + raw<double>({2, 3});
  const std::string packed = lzf_literals(kept);
  CHECK(pcd(header + "binary_compressed\n" +
            raw<std::uint32_t>({static_cast<std::uint32_t>(packed.size()), 20}) + packed)
            .values == padded.values);
}

TEST_CASE("hostile PCD headers cost one error each") {
  const auto replaced = [](const std::string& from, const std::string& to) {
    std::string text = pcd_header("binary") + kRows;
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK(code_of([] { pcd("VERSION 0.7\n"); }) == Errc::Corrupt);
  CHECK(code_of([] { pcd(std::string(100000, 'x')); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(replaced("WIDTH 3", "WIDTH 99999999999999999999")); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(replaced("WIDTH 3", "WIDTH 900000000")); }) == Errc::ResourceExhausted);
  CHECK(code_of([&] { pcd(replaced("POINTS 3", "POINTS 2")); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(replaced("WIDTH 3", "WIDTH -3")); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(replaced("SIZE 4 4 4 1", "SIZE 4 4 4")); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(replaced("SIZE 4 4 4 1", "SIZE 4 4 4 3")); }) == Errc::Unsupported);
  CHECK(code_of([&] { pcd(replaced("COUNT 1 1 1 1", "COUNT 1 1 1 60000")); }) == Errc::ResourceExhausted);
  CHECK(code_of([&] { pcd(replaced("FIELDS x y z intensity", "FIELDS x y z x")); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(replaced("DATA binary", "DATA zip")); }) == Errc::Unsupported);
  CHECK(code_of([&] { pcd(pcd_header("binary", "16000000") + kRows); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(pcd_header("ascii", "16000000") + "1 2 3 4"); }) == Errc::Corrupt);
  CHECK(code_of([&] { pcd(pcd_header("ascii") + "1 2 three 4\n"); }) == Errc::Corrupt);
}

TEST_CASE("LZF copies with overlap, and refuses to read or write outside its ranges") {
  const auto unpack = [](const std::string& packed, std::size_t size) -> std::optional<std::string> {
    Bytes out(size);
    if (!lzf_decompress(to_bytes(packed), out)) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(out.data()), out.size());
  };
  using namespace std::string_literals;
  CHECK(unpack("\x00"
               "a\xE0\x01\x00"s,
               11) == "aaaaaaaaaaa");  // a run: distance 1, length 7 + 1 + 2
  CHECK(unpack("\x02"
               "abc\x20\x02"s,
               6) == "abcabc");
  CHECK_FALSE(
      unpack("\x02"
             "abc\x20\x03"s,
             6));  // before the beginning
  CHECK_FALSE(
      unpack("\x02"
             "abc\x20\x02"s,
             5));  // past the end
  CHECK_FALSE(
      unpack("\x02"
             "abc\x20\x02"s,
             7));  // too short
  CHECK_FALSE(
      unpack("\x05"
             "abc"s,
             6));
  CHECK_FALSE(
      unpack("\x00"
             "a\xE0"s,
             9));
  CHECK_FALSE(
      unpack("\x00"
             "a\x20"s,
             4));
  CHECK(unpack("", 0) == "");
}

TEST_CASE("a PLY says the same in text and in either byte order") {
  const std::vector<float> expected{1.5F, 2.25F, -3, 250, 4, 5, 6, 7};
  const PointCloud ascii = ply(ply_header("ascii") + "1.5 2.25 -3 250\n4 5 6 7\n");
  CHECK(ascii.columns == kXyzi);
  CHECK(ascii.values == expected);
  const auto f = [](float v) { return raw<float>({v}); };
  const auto d = [](double v) { return raw<double>({v}); };
  const auto s = [](int v) { return raw<std::int16_t>({static_cast<std::int16_t>(v)}); };
  const std::string little =
      f(1.5F) + d(2.25) + s(-3) + static_cast<char>(250) + f(4) + d(5) + s(6) + static_cast<char>(7);
  CHECK(ply(ply_header("binary_little_endian") + little).values == expected);
  const std::string big = reversed(f(1.5F)) + reversed(d(2.25)) + reversed(s(-3)) + static_cast<char>(250) +
                          reversed(f(4)) + reversed(d(5)) + reversed(s(6)) + static_cast<char>(7);
  CHECK(ply(ply_header("binary_big_endian") + big).values == expected);
}

TEST_CASE("elements before the vertices are stepped over, lists there are refused") {
  const std::string before = "ply\nformat ascii 1.0\nelement camera 1\nproperty float fov\n";
  const std::string vertices = "element vertex 1\nproperty float x\nend_header\n";
  CHECK(ply(before + vertices + "90\n7\n").values == std::vector<float>{7});
  CHECK(code_of([&] { ply(before + "property list uchar int n\n" + vertices + "90 0\n7\n"); }) ==
        Errc::Unsupported);
}

TEST_CASE("hostile PLY headers cost one error each") {
  CHECK(code_of([] { ply("plyx\n"); }) == Errc::Corrupt);
  CHECK(code_of([] { ply("ply\nend_header\n"); }) == Errc::Unsupported);
  CHECK(code_of([] { ply("ply\nformat ascii 1.0\nend_header\n"); }) == Errc::Corrupt);
  CHECK(code_of([] { ply("ply\nproperty float x\n"); }) == Errc::Corrupt);
  CHECK(code_of([] { ply("ply\nformat ascii 1.0\nelement vertex 2\nend_header\n"); }) == Errc::Corrupt);
  CHECK(code_of([] { ply("ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n1"); }) ==
        Errc::Unsupported);
  const std::string many = "ply\nformat binary_little_endian 1.0\nelement vertex ";
  CHECK(code_of([&] { ply(many + "16000000\nproperty float x\nend_header\nabcd"); }) == Errc::Corrupt);
  CHECK(code_of([&] { ply(many + "4000000000\nproperty float x\nend_header\nabcd"); }) ==
        Errc::ResourceExhausted);
}

TEST_CASE("clouds cut anywhere are refused, and damaged ones give an error or a cloud") {
  const Bytes binary = to_bytes(pcd_header("binary") + kRows);
  test::check_truncations(binary, read_pcd);
  test::check_flips(binary, read_pcd);
  const std::string by_field(39, 'q');
  const Bytes packed = to_bytes(compressed_pcd(by_field, lzf_literals(by_field)));
  test::check_truncations(packed, read_pcd);
  test::check_flips(packed, read_pcd);
  test::check_flips(to_bytes(pcd_header("ascii") + "1 2 3 4\n5 6 7 8\n9 10 11 12\n"), read_pcd);
  const Bytes big = to_bytes(ply_header("binary_big_endian") + std::string(30, 'x'));
  test::check_truncations(big, read_ply);
  test::check_flips(big, read_ply);
  test::check_flips(to_bytes(ply_header("ascii") + "1.5 2.25 -3 250\n4 5 6 7\n"), read_ply);
}

TEST_CASE("a cloud file is read by its ending, and another ending is refused") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.PCD", pcd_header("binary") + kRows);
  CHECK(read_point_cloud(folder / "a.PCD").rows == 3);
  test::write_file(folder / "a.las", "LASF");
  CHECK(code_of([&] { read_point_cloud(folder / "a.las"); }) == Errc::Unsupported);
  CHECK(code_of([&] { read_point_cloud(folder / "missing.ply"); }) == Errc::NotFound);
}

TEST_CASE("an array is a cloud of the declared columns, and no other shape is") {
  const test::TemporaryFolder folder;
  const auto path = folder / "cloud.npy";
  const auto write = [&](const std::vector<std::int64_t>& shape) {
    const auto bytes = encode_npy(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, shape);
    test::write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  const std::vector<std::string> columns{"x", "y", "z", "intensity"};
  write({2, 4});
  const PointCloud cloud = read_point_cloud(path, columns);
  CHECK(cloud.rows == 2);
  CHECK(cloud.columns == columns);
  CHECK(cloud.values.back() == 8);
  CHECK(test::thrown_by([&] { read_point_cloud(path); }).mentions("name the columns"));
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{4, 2}, {8}, {1, 2, 4}}) {
    write(shape);
    CHECK(test::code_of([&] { read_point_cloud(path, columns); }) == Errc::InvalidArgument);
  }
}

TEST_CASE("real clouds have the points that their documentation says") {
  if (const auto folder = test::real_data("kitti_frames")) {
    const auto path = *folder / "object/training/velodyne/000000.bin";
    const PointCloud cloud = read_point_cloud(path, kXyzi);
    CHECK(cloud.rows == static_cast<std::int64_t>(std::filesystem::file_size(path) / 16));
    const PointCloud reflectance = select_columns(cloud, Names{"intensity"});
    CHECK(*std::max_element(reflectance.values.begin(), reflectance.values.end()) <= 1.0F);
  }
  if (const auto folder = test::real_data("lidar_open")) {
    const PointCloud cloud = read_point_cloud(*folder / "OS-1-128_v2.3.0_1024x10_lb_n3_map-000.ply");
    CHECK(cloud.rows + cloud.dropped == 155000);
    CHECK(cloud.columns == Names{"x", "y", "z"});
    const auto x = select_columns(cloud, Names{"x"}).values;
    CHECK(*std::min_element(x.begin(), x.end()) == Catch::Approx(-246).margin(1));
    CHECK(*std::max_element(x.begin(), x.end()) == Catch::Approx(246).margin(1));
  }
  if (const auto folder = test::real_data("nuscenes_frames")) {
    for (const auto& entry : std::filesystem::directory_iterator(*folder / "mmdet3d_demo")) {
      if (entry.path().extension() != ".bin") continue;
      const Names columns{"x", "y", "z", "intensity", "ring"};
      const PointCloud cloud = read_point_cloud(entry.path(), columns);
      CHECK(cloud.rows == 34688);
      const auto rings = select_columns(cloud, Names{"ring"}).values;
      CHECK(std::set<float>(rings.begin(), rings.end()).size() == 32);
    }
  }
}

TEST_CASE("a column's name from the file is shown bounded and without control characters") {
  const std::string name = "\x1B[2J\xFF" + std::string(1000, 'x');
  const std::string header =
      "FIELDS " + name + " " + name + "\nSIZE 4 4\nTYPE F F\nWIDTH 0\nHEIGHT 1\nDATA ascii\n";
  const auto error = test::thrown_by([&] { decode_pcd(test::to_bytes(header), "a.pcd"); });
  CHECK(error.mentions("two columns named '\\x1B[2j\\xFF"));
  CHECK(error.message.size() < 200);
}
