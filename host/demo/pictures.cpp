#include "host/demo/pictures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "models/scenes/camera.hpp"
#include "models/scenes/lidar.hpp"

namespace lateral::host::demo {
namespace {

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour kBackground{16, 20, 33};
constexpr float kFarthest = 32.0F;  // metres; objects stand at most 28 away
constexpr int kMapSide = 480;
constexpr float kPi = std::numbers::pi_v<float>;

format::Image canvas(int height, int width) {
  format::Image image{
      height, width,
      std::vector<std::uint8_t>(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3)};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = kBackground[i % 3];
  return image;
}

void dot(format::Image& image, int row, int column, const Colour& colour, int size = 1) {
  for (int r = std::max(0, row); r < std::min(image.height, row + size); ++r) {
    for (int c = std::max(0, column); c < std::min(image.width, column + size); ++c) {
      std::copy(colour.begin(), colour.end(),
                image.rgb.begin() + (static_cast<std::ptrdiff_t>(r) * image.width + c) * 3);
    }
  }
}

// Near is warm, far is cool: the order in which people read range pictures.
Colour colour_of_range(float metres) {
  const float far = std::clamp(metres / kFarthest, 0.0F, 1.0F);
  const auto channel = [](float value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F);
  };
  return {channel(1.25F - 1.3F * far), channel(0.95F - std::abs(far - 0.45F) * 1.5F),
          channel(0.25F + 0.9F * far)};
}

struct Place {
  int row, column;
};

// x ahead is up, y to the left is left.
Place on_map(float x, float y) {
  const float scale = static_cast<float>(kMapSide) / (2.0F * kFarthest);
  return {static_cast<int>(kMapSide / 2.0F - x * scale), static_cast<int>(kMapSide / 2.0F - y * scale)};
}

void outline(format::Image& image, const scenes::Object& object) {
  const float bearing = object.bearing * kPi / 180.0F;
  const float centre_x = object.distance * std::cos(bearing), centre_y = -object.distance * std::sin(bearing);
  const Colour colour = object.moving ? Colour{120, 255, 150} : Colour{240, 240, 250};
  constexpr int kSteps = 60;
  const auto at = [&](float along, float across) {
    const float x = centre_x + along * std::cos(object.heading) - across * std::sin(object.heading);
    // Headings turn from ahead towards bearing 90 degrees, which is -y.
    const float y = centre_y - (along * std::sin(object.heading) + across * std::cos(object.heading));
    const Place place = on_map(x, y);
    dot(image, place.row, place.column, colour, 2);
  };
  for (int i = 0; i <= kSteps; ++i) {
    const float share = static_cast<float>(i) / kSteps - 0.5F;
    at(share * object.length, 0.5F * object.width);
    at(share * object.length, -0.5F * object.width);
    at(0.5F * object.length, share * object.width);
    at(-0.5F * object.length, share * object.width);
  }
}

struct Return {
  float x, y, z;
};

template <typename Call>
void for_each_return(const scenes::PointCloud& cloud, Call&& call) {
  constexpr std::size_t kColumns = scenes::PointCloud::kColumns.size();
  for (std::size_t i = 0; i < cloud.count(); ++i) {
    const float* const point = cloud.values.data() + i * kColumns;
    call(Return{point[0], point[1], point[2]});
  }
}

}  // namespace

std::vector<format::Image> camera_views(const scenes::Scene& scene, bool night) {
  scenes::CameraOptions options = scenes::kLargePictures;
  options.night = night;
  const scenes::Ring ring = scenes::render_camera(scene, options);
  const std::size_t view_bytes =
      static_cast<std::size_t>(ring.height) * static_cast<std::size_t>(ring.width) * 3;
  std::vector<format::Image> views;
  for (std::size_t view = 0; view < scenes::kViews; ++view) {
    const auto begin = ring.pixels.begin() + static_cast<std::ptrdiff_t>(view * view_bytes);
    views.push_back({ring.height, ring.width, {begin, begin + static_cast<std::ptrdiff_t>(view_bytes)}});
  }
  return views;
}

format::Image range_picture(const scenes::Scene& scene) {
  constexpr int kPixel = 2, kRowPixel = 6;
  format::Image image = canvas(scenes::kBeams * kRowPixel, scenes::kAzimuths * kPixel);
  for_each_return(scenes::render_lidar(scene), [&](const Return& point) {
    const float ground = std::hypot(point.x, point.y);
    const float bearing = std::atan2(-point.y, point.x);
    const float slope = point.z / std::max(ground, 1e-3F);
    const float beam =
        (slope - scenes::kFirstBeam) / (scenes::kLastBeam - scenes::kFirstBeam) * (scenes::kBeams - 1);
    const int row = static_cast<int>(std::lround(beam)) * kRowPixel;
    const int column = static_cast<int>((bearing / (2.0F * kPi) + 0.5F) * scenes::kAzimuths) * kPixel;
    for (int r = 0; r < kRowPixel; r += kPixel) dot(image, row + r, column, colour_of_range(ground), kPixel);
  });
  return image;
}

format::Image map_picture(const scenes::Scene& scene) {
  format::Image image = canvas(kMapSide, kMapSide);
  for_each_return(scenes::render_lidar(scene), [&](const Return& point) {
    const Place place = on_map(point.x, point.y);
    dot(image, place.row, place.column, colour_of_range(std::hypot(point.x, point.y)));
  });
  for (const scenes::Object& object : scene.objects) outline(image, object);
  const Place self = on_map(0, 0);
  dot(image, self.row - 4, self.column - 2, {255, 210, 90}, 6);
  return image;
}

}  // namespace lateral::host::demo
