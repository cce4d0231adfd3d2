#include "plugins/rangeview/range_image.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include <lateral/sdk/error.hpp>

#include "core/base/file.hpp"
#include "core/format/safetensors.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::plugins;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();
constexpr std::int64_t kRows = 32, kColumns = 2048;

template <typename T>
std::vector<T> numbers_of(std::span<const std::byte> bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

/// x, y, z and intensity of a nuScenes sweep, whose rows have a ring, too.
std::vector<float> read_sweep(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().find("LIDAR_TOP") == std::string::npos) continue;
    const auto rows = numbers_of<float>(read_bytes(entry.path(), 64U << 20U));
    std::vector<float> points;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i % 5 != 4) points.push_back(rows[i]);
    }
    return points;
  }
  return {};
}

std::int64_t count_seen(const RangeImage& image) {
  return std::count_if(image.points.begin(), image.points.end(),
                       [](std::int32_t point) { return point >= 0; });
}

RangeImage seen_from(const std::vector<float>& points,
                     const Projection& projection = projection_named("nuscenes")) {
  return range_image(points.data(), static_cast<std::int64_t>(points.size() / 4), kRows, kColumns,
                     projection);
}

}  // namespace

TEST_CASE("points that are not finite, at the origin or beyond a kilometre are left out") {
  const std::vector<float> points = {kNan,      1, 1, 1, 1, kInfinite, 1, 1, 1, 1,     kNan,  1,     1, 1, 1,
                                     kInfinite, 0, 0, 0, 1, 1001,      0, 0, 1, 3e38F, 3e38F, 3e38F, 1};
  const RangeImage image = seen_from(points);
  CHECK(count_seen(image) == 0);
  CHECK(std::all_of(image.values.begin(), image.values.end(), [](float v) { return v == 0.0F; }));
  CHECK(count_seen(range_image(nullptr, 0, kRows, kColumns, projection_named("kitti"))) == 0);
}

TEST_CASE("a projection that is not known is refused with those that are") {
  try {
    projection_named("waymo");
    FAIL("nothing was thrown");
  } catch (const sdk::Error& error) {
    CHECK(std::string(error.what()).find("\"nuscenes\" or \"kitti\"") != std::string::npos);
  }
}

TEST_CASE("a row is an elevation, a column a bearing, clockwise, with ahead in the middle") {
  const auto cell = [](float x, float y, float z) {
    const RangeImage image = seen_from({x, y, z, 0});
    const auto at = std::find(image.points.begin(), image.points.end(), 0) - image.points.begin();
    return std::pair(at / kColumns, at % kColumns);
  };
  const auto level = static_cast<float>(10 * std::tan(-0.1 * 3.14159265 / 180));  // row 8 ends at 0 degrees
  CHECK(cell(10, 0, level) == std::pair<std::ptrdiff_t, std::ptrdiff_t>(8, 1024));
  CHECK(cell(0.01F, -10, level).second == 1535);
  CHECK(cell(0.01F, 10, level).second == 512);
  CHECK(cell(1, 0, 50).first == 0);
  CHECK(cell(1, 0, -50).first == kRows - 1);
}

TEST_CASE("the nearest return of a cell wins, of equal ones the first, and its values are normalised") {
  const RangeImage image = seen_from({20, 0, 0, 51, 10, 0, 0, 51, 10, 0, 0, 0});
  const auto at =
      static_cast<std::size_t>(std::find(image.points.begin(), image.points.end(), 1) - image.points.begin());
  REQUIRE(at < image.points.size());
  CHECK(count_seen(image) == 1);
  const auto value = [&](std::size_t channel) { return image.values[channel * image.points.size() + at]; };
  CHECK(value(0) == Catch::Approx((10 - 12.12) / 12.32));
  CHECK(value(4) == Catch::Approx((0.2 - 0.21) / 0.16).margin(1e-5));
}

TEST_CASE("the cell of the first point is empty only as published") {
  Projection published = projection_named("nuscenes");
  published.as_published = true;
  const auto anything = [](const RangeImage& image) {
    return std::any_of(image.values.begin(), image.values.end(), [](float v) { return v != 0.0F; });
  };
  CHECK(anything(seen_from({10, 0, 0, 51})));
  CHECK_FALSE(anything(seen_from({10, 0, 0, 51}, published)));
}

TEST_CASE("a real sweep gives the cells and numbers of the published code") {
  const auto folder = test::real_data("nuscenes_frames/mmdet3d_demo");
  if (!folder) return;
  const format::SafetensorsFile expected(*folder / "expected_range_view.safetensors");
  const std::vector<float> points = read_sweep(*folder);
  Projection projection = projection_named("nuscenes");
  projection.as_published = true;
  const RangeImage image = seen_from(points, projection);
  // Void returns lie at one place; which of them the published code takes is left to an unstable sort.
  const auto index = numbers_of<std::int32_t>(expected.at("point_index").bytes);
  REQUIRE(index.size() == image.points.size());
  int apart_in_name = 0;
  for (std::size_t cell = 0; cell < index.size(); ++cell) {
    if (index[cell] == image.points[cell]) continue;
    ++apart_in_name;
    REQUIRE((index[cell] >= 0 && image.points[cell] >= 0));
    CHECK(std::equal(points.begin() + 4 * index[cell], points.begin() + 4 * index[cell] + 3,
                     points.begin() + 4 * image.points[cell]));
  }
  CHECK(apart_in_name == 3);

  const auto sample = numbers_of<float>(expected.at("sample_f32").bytes);  // every 4th row, every 64th column
  double apart = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const std::size_t channel = i / 256, row = i / 32 % 8 * 4, column = i % 32 * 64;
    const float found = image.values[(channel * kRows + row) * kColumns + column];
    apart = std::max(apart, static_cast<double>(std::abs(found - sample[i])));
  }
  CHECK(apart < 1e-6);

  const auto sums = numbers_of<double>(expected.at("sum_per_channel_f64").bytes);
  const std::size_t cells = image.points.size();
  for (std::size_t channel = 0; channel < 4;
       ++channel) {  // all but intensity, which tells void returns apart
    const auto first = image.values.begin() + static_cast<std::ptrdiff_t>(channel * cells);
    CHECK(std::accumulate(first, first + static_cast<std::ptrdiff_t>(cells), 0.0) ==
          Catch::Approx(sums[channel]).epsilon(1e-6));
  }

  const RangeImage mended = seen_from(points);
  CHECK(mended.points == image.points);
  CHECK(std::equal(mended.values.begin(), mended.values.begin() + static_cast<std::ptrdiff_t>(cells),
                   image.values.begin()));
  const float brightest =
      *std::max_element(mended.values.begin() + static_cast<std::ptrdiff_t>(4 * cells), mended.values.end());
  CHECK(brightest <= (1.0F - 0.21F) / 0.16F);
}
