#include "models/scenes/camera.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "models/scenes/material.hpp"
#include "models/scenes/noise.hpp"
#include "models/scenes/rays.hpp"

namespace lateral::scenes {
namespace {

constexpr float kTopSlope = 0.34F, kBottomSlope = -0.44F;
constexpr float kDayNoise = 0.03F, kNightNoise = 0.06F;
constexpr float kDarkness = 0.025F;  // of daylight that is left at night
constexpr float kHeadlight = 0.35F;  // of daylight, just in front of the vehicle
constexpr Colour kHaze{.60F, .60F, .60F};
constexpr Colour kZenith{.45F, .63F, .90F};
constexpr Colour kHorizon{.72F, .80F, .88F};

/// What differs from picture to picture, not from pixel to pixel.
struct Weather {
  explicit Weather(Random& random)
      : sky(0.04F * random.normal()), road(0.03F * random.normal()), exposure(random.uniform(0.85F, 1.15F)) {}
  float sky, road, exposure;
};

Colour daylight(const Hit& hit, const std::vector<Crossing>& crossings, float bearing, float slope,
                const Weather& weather) {
  if (hit.what == Hit::What::Sky) {
    const float up = slope / kTopSlope;
    Colour sky{};
    for (std::size_t i = 0; i < sky.size(); ++i)
      sky[i] = kHorizon[i] + (kZenith[i] - kHorizon[i]) * up + weather.sky;
    return sky;
  }
  if (hit.what == Hit::What::Ground) {
    Colour ground = ground_colour(bearing, hit.distance);
    const bool shadow = std::any_of(crossings.begin(), crossings.end(), [&](const Crossing& c) {
      // Objects stand, they do not float.
      return hit.distance > c.enter - 0.35F && hit.distance < c.leave + 0.6F;
    });
    for (float& channel : ground) channel = (channel + weather.road) * (shadow ? 0.75F : 1.0F);
    return ground;
  }
  Colour colour = colour_of(hit);
  const float clear = std::exp(-hit.distance / 120.0F);
  for (std::size_t i = 0; i < colour.size(); ++i) colour[i] = colour[i] * clear + kHaze[i] * (1.0F - clear);
  return colour;
}

/// The share of daylight that falls on what a ray hits at night.
/// The headlights look ahead and reach about 15 m.
float night_light(const Hit& hit, float bearing) {
  if (hit.what == Hit::What::Sky) return kDarkness;
  const float aside = std::remainder(bearing, 360.0F) / 22.0F;
  return kDarkness + kHeadlight * std::exp(-aside * aside) * std::exp(-hit.distance / 9.0F);
}

class Exposure {
 public:
  Exposure(const Scene& scene, const CameraOptions& options)
      : scene_(scene),
        options_(options),
        random_(scene.id, options.night ? 2 : 1),
        weather_(random_),
        columns_(kViews * options.width) {}

  Ring take() {
    std::vector<Colour> light(static_cast<std::size_t>(options_.height) * static_cast<std::size_t>(columns_));
    for (int column = 0; column < columns_; ++column) expose_column(column, light);
    return develop(light);
  }

 private:
  void expose_column(int column, std::vector<Colour>& light) {
    const int samples = options_.samples;
    const float share = 1.0F / static_cast<float>(samples * samples);
    for (int sub = 0; sub < samples; ++sub) {
      const float across = (static_cast<float>(column * samples + sub) + 0.5F) / static_cast<float>(samples);
      const float bearing = -30.0F + across * 360.0F / static_cast<float>(columns_);
      cross(scene_, bearing, crossings_);
      for (int ray = 0; ray < options_.height * samples; ++ray) {
        const float down = (static_cast<float>(ray) + 0.5F) / static_cast<float>(options_.height * samples);
        Colour colour = seen(bearing, kTopSlope + (kBottomSlope - kTopSlope) * down);
        Colour& sum = light[static_cast<std::size_t>(ray / samples) * static_cast<std::size_t>(columns_) +
                            static_cast<std::size_t>(column)];
        for (std::size_t i = 0; i < colour.size(); ++i) sum[i] += share * colour[i];
      }
    }
  }

  Colour seen(float bearing, float slope) const {
    const Hit hit = first_hit(crossings_, slope, camera_outline);
    Colour colour = daylight(hit, crossings_, bearing, slope, weather_);
    const float light = weather_.exposure * (options_.night ? night_light(hit, bearing) : 1.0F);
    for (float& channel : colour) channel *= light;
    return colour;
  }

  /// Light to bytes, view by view, with the sensor's noise.
  Ring develop(const std::vector<Colour>& light) {
    Ring ring{options_.height, options_.width, {}};
    ring.pixels.reserve(light.size() * 3);
    const float noise = options_.night ? kNightNoise : kDayNoise;
    for (int view = 0; view < kViews; ++view) {
      for (int row = 0; row < options_.height; ++row) {
        const Colour* from = light.data() + row * columns_ + view * options_.width;
        for (int column = 0; column < options_.width; ++column) {
          for (const float channel : from[column])
            ring.pixels.push_back(to_byte(channel + noise * grain(random_)));
        }
      }
    }
    return ring;
  }

  static std::uint8_t to_byte(float value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
  }

  const Scene& scene_;
  const CameraOptions& options_;
  Random random_;
  Weather weather_;
  int columns_;
  std::vector<Crossing> crossings_;
};

}  // namespace

Ring render_camera(const Scene& scene, const CameraOptions& options) {
  const auto outside = [](int value, int most) { return value < 1 || value > most; };
  if (outside(options.height, 4096) || outside(options.width, 4096) || outside(options.samples, 8)) {
    fail(Errc::InvalidArgument, "scenes", "pictures of ", options.height, " x ", options.width, " with ",
         options.samples, " samples; sizes are 1..4096, samples 1..8");
  }
  return Exposure(scene, options).take();
}

}  // namespace lateral::scenes
