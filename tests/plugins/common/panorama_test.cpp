#include "plugins/common/panorama.hpp"

#include <cmath>

#include "core/base/random.hpp"
#include "models/scenes/camera.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::plugins;

namespace {

std::vector<std::uint8_t> random_views(std::size_t height, std::size_t width, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint8_t> pixels(6 * height * width * 3);
  for (auto& p : pixels) p = static_cast<std::uint8_t>(random.below(256));
  return pixels;
}

/// The mean over an area, by cutting every source pixel into `fine` parts along both axes.
double mean_over(const std::vector<std::uint8_t>& pixels, int height, int width, int view, int row,
                 int column, int c) {
  double sum = 0;
  const int h = height * 40, w = width * 64;  // every pixel of either size is a whole number of these parts
  const int top = row * height, left = column * width;
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) {
      const int source_row = y * height / h, source_column = x * width / w;
      sum += pixels[static_cast<std::size_t>(((view * height + source_row) * width + source_column) * 3 + c)];
    }
  }
  return sum / (255.0 * height * width);
}

}  // namespace

TEST_CASE("views of the encoder's own size are only scaled to 0..1") {
  const auto ring = scenes::render_camera(scenes::make_scene(1, 1));
  const Signal signal = panorama(ring.pixels.data(), 40, 64);
  REQUIRE(signal.rows == 40);
  REQUIRE(signal.columns == 384);
  float worst = 0;
  for (int view = 0; view < 6; ++view) {
    for (int row = 0; row < 40; ++row) {
      for (int column = 0; column < 64; ++column) {
        for (int c = 0; c < 3; ++c) {
          const float expected = static_cast<float>(ring.pixel(view, row, column)[c]) / 255.0F;
          worst = std::max(worst, std::abs(signal.values(c, row * 384 + view * 64 + column) - expected));
        }
      }
    }
  }
  CHECK(worst < 1e-6F);
}

TEST_CASE("other sizes are averaged over the area each pixel covers") {
  for (const auto& [height, width] :
       {std::pair{240, 384}, std::pair{90, 100}, std::pair{40, 61}, std::pair{17, 9}, std::pair{1, 1}}) {
    const auto pixels = random_views(static_cast<std::size_t>(height), static_cast<std::size_t>(width), 3);
    const Signal signal = panorama(pixels.data(), height, width);
    double worst = 0;
    for (const int view : {0, 3, 5}) {
      for (const int row : {0, 1, 20, 39}) {
        for (const int column : {0, 31, 63}) {
          const double expected = mean_over(pixels, height, width, view, row, column, 1);
          worst = std::max(worst, std::abs(signal.values(1, row * 384 + view * 64 + column) - expected));
        }
      }
    }
    INFO(height << " x " << width);
    CHECK(worst < 1e-5);
  }
}
