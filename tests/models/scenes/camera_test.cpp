#include "models/scenes/camera.hpp"

#include <array>
#include <cmath>
#include <numeric>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::scenes;

namespace {

constexpr int kColumns = 16;  // of one bin, at 64 pixels a view

/// Mean of |a - b| over each token's columns, in grey levels.
std::array<double, kBins> difference_by_token(const Ring& a, const Ring& b) {
  std::array<double, kBins> sums{};
  for (int token = 0; token < kBins; ++token) {
    for (int row = 0; row < a.height; ++row) {
      for (int i = 0; i < kColumns; ++i) {
        const int column = token * kColumns + i;
        const auto* const p = a.pixel(column / a.width, row, column % a.width);
        const auto* const q = b.pixel(column / b.width, row, column % b.width);
        for (int c = 0; c < 3; ++c) sums[static_cast<std::size_t>(token)] += std::abs(p[c] - q[c]);
      }
    }
    sums[static_cast<std::size_t>(token)] /= 3.0 * kColumns * a.height;
  }
  return sums;
}

int token_of(const Object& object) {
  return (object.bin + 2) % kBins;
}

Scene without(Scene scene, std::size_t object) {
  scene.objects.erase(scene.objects.begin() + static_cast<std::ptrdiff_t>(object));
  return scene;
}

double brightness(const Ring& ring) {
  return std::accumulate(ring.pixels.begin(), ring.pixels.end(), 0.0) /
         static_cast<double>(ring.pixels.size());
}

}  // namespace

TEST_CASE("impossible picture sizes are refused") {
  const Scene scene = make_scene(1, 0);
  CHECK_THROWS_AS(render_camera(scene, {0, 64, false, 1}), Error);
  CHECK_THROWS_AS(render_camera(scene, {40, 5000, false, 1}), Error);
  CHECK_THROWS_AS(render_camera(scene, {40, 64, false, 0}), Error);
}

TEST_CASE("the same scene gives the same bytes") {
  const Scene scene = make_scene(1, 4);
  const Ring ring = render_camera(scene);
  CHECK(ring.pixels.size() == std::size_t{6} * 40 * 64 * 3);
  CHECK(render_camera(scene).pixels == ring.pixels);
  CHECK(render_camera(make_scene(1, 5)).pixels != ring.pixels);
}

TEST_CASE("by day each object shows where its bin is") {
  for (std::uint64_t i = 0; i < 60; ++i) {
    const Scene scene = make_scene(41, i);
    const Ring with = render_camera(scene);
    for (std::size_t object = 0; object < scene.objects.size(); ++object) {
      const auto change = difference_by_token(with, render_camera(without(scene, object)));
      const auto here = static_cast<std::size_t>(token_of(scene.objects[object]));
      INFO("scene " << i << ", " << name_of(scene.objects[object].kind));
      CHECK(change[here] > 0.05);
      for (const double elsewhere : change) CHECK(elsewhere <= change[here] * 1.2);
    }
  }
}

TEST_CASE("by day motion shows") {
  for (std::uint64_t i = 0; i < 60; ++i) {
    const Scene scene = make_scene(42, i);
    Scene other = scene;
    other.objects[0].moving = !other.objects[0].moving;
    const auto change = difference_by_token(render_camera(scene), render_camera(other));
    CHECK(change[static_cast<std::size_t>(token_of(scene.objects[0]))] > 0.02);
  }
}

TEST_CASE("night is dark, and hides most objects in the noise") {
  int hidden = 0, objects = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const Scene scene = make_scene(43, i);
    CameraOptions night;
    night.night = true;
    const Ring dark = render_camera(scene, night);
    CHECK(brightness(dark) < 0.15 * brightness(render_camera(scene)));
    for (std::size_t object = 0; object < scene.objects.size(); ++object, ++objects) {
      const auto change = difference_by_token(dark, render_camera(without(scene, object), night));
      hidden += change[static_cast<std::size_t>(token_of(scene.objects[object]))] < 1.0 ? 1 : 0;
    }
  }
  CHECK(hidden > 0.8 * objects);
}

TEST_CASE("a large picture shows the same world: averaged down it is the small one but for noise") {
  const Scene scene = make_scene(44, 2);
  const Ring small = render_camera(scene);
  const Ring large = render_camera(scene, kLargePictures);
  double difference = 0;
  for (int view = 0; view < kViews; ++view) {
    for (int row = 0; row < small.height; ++row) {
      double sum = 0, reference = 0;
      for (int column = 0; column < small.width; ++column) reference += small.pixel(view, row, column)[1];
      for (int r = 0; r < 6; ++r) {
        for (int column = 0; column < large.width; ++column) sum += large.pixel(view, row * 6 + r, column)[1];
      }
      difference += std::abs(sum / 36.0 - reference) / small.width / (small.height * kViews);
    }
  }
  // The noise of one pixel is 7.7 grey levels, so 0.8 is left in the mean of a row; the rest is edges.
  CHECK(difference < 2.0);
}
