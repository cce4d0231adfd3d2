// Bytes as Pillow makes them.
#include <algorithm>
#include <string>

#include "core/base/file.hpp"
#include "core/format/image.hpp"
#include "plugins/vision/resize.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using plugins::Filter;

namespace {

std::vector<std::uint8_t> pixels_of_ppm(const std::filesystem::path& file) {
  const auto text = read_text(file, 1U << 20U);
  const std::size_t size = 224 * 224 * 3;
  return {text.end() - static_cast<std::ptrdiff_t>(size), text.end()};
}

plugins::Picture resized(const std::vector<std::uint8_t>& pixels, std::int64_t height, std::int64_t width,
                         std::int64_t new_height, std::int64_t new_width, Filter filter) {
  return plugins::resize(pixels.data(), height, width, new_height, new_width, filter);
}

}  // namespace

TEST_CASE("six frames of nuScenes become, byte for byte, what Pillow makes of them") {
  const auto folder = test::real_data("nuscenes_frames/mmdet3d_demo");
  if (!folder) return;
  int frames = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const auto name = entry.path().filename().string();
    if (entry.path().extension() != ".jpg") continue;
    const auto first = name.find("__") + 2;
    const auto camera = name.substr(first, name.find("__", first) - first);
    const auto image = format::read_image(entry.path());
    INFO(camera);
    CHECK(resized(image.rgb, image.height, image.width, 224, 224, Filter::Bicubic).pixels ==
          pixels_of_ppm(*folder / "pil224" / (camera + ".ppm")));
    ++frames;
  }
  CHECK(frames == 6);
}

TEST_CASE("a size that stays is copied, one pixel fills everything, and flat pictures stay flat") {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 4 * 5 * 3; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 37));
  for (const auto filter : {Filter::Lanczos, Filter::Bilinear, Filter::Bicubic}) {
    CHECK(resized(pixels, 4, 5, 4, 5, filter).pixels == pixels);
    CHECK(resized({1, 2, 3}, 1, 1, 2, 2, filter).pixels ==
          std::vector<std::uint8_t>{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3});
    const std::vector<std::uint8_t> flat(31 * 17 * 3, 200);
    const auto small = resized(flat, 31, 17, 5, 40, filter);
    CHECK(std::all_of(small.pixels.begin(), small.pixels.end(),
                      [](std::uint8_t value) { return value == 200; }));
  }
}
