#include "models/scenes/scene.hpp"

#include <array>
#include <cmath>
#include <set>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::scenes;

namespace {

bool same(const Object& a, const Object& b) {
  return a.kind == b.kind && a.moving == b.moving && a.bin == b.bin && a.bearing == b.bearing &&
         a.distance == b.distance && a.heading == b.heading && a.length == b.length && a.width == b.width &&
         a.height == b.height && a.tint == b.tint;
}

bool same(const Scene& a, const Scene& b) {
  if (a.id != b.id || a.objects.size() != b.objects.size()) return false;
  for (std::size_t i = 0; i < a.objects.size(); ++i) {
    if (!same(a.objects[i], b.objects[i])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("impossible object counts are refused") {
  CHECK_THROWS_AS(make_scene(1, 0, {0, 5}), Error);
  CHECK_THROWS_AS(make_scene(1, 0, {5, 4}), Error);
  CHECK_THROWS_AS(make_scene(1, 0, {1, kBins + 1}), Error);
}

TEST_CASE("scene i is the same whoever asks, in whatever order, for however many") {
  std::vector<Scene> forward;
  for (std::uint64_t i = 0; i < 50; ++i) forward.push_back(make_scene(7, i));
  for (std::uint64_t i = 50; i-- > 0;) CHECK(same(make_scene(7, i), forward[i]));
  CHECK_FALSE(same(make_scene(8, 3), forward[3]));
  CHECK_FALSE(same(forward[2], forward[3]));
}

TEST_CASE("objects have bins of their own, lie in them, and hide nothing") {
  for (std::uint64_t i = 0; i < 500; ++i) {
    const Scene scene = make_scene(11, i, {1, 8});
    REQUIRE(!scene.objects.empty());
    std::set<int> bins;
    for (const Object& object : scene.objects) {
      CHECK(bins.insert(object.bin).second);
      CHECK(static_cast<int>(std::floor(object.bearing / kBinDegrees)) == object.bin);
      CHECK(scene.at(object.bin) == &object);
      CHECK(object.distance >= 4.0F);
      CHECK(object.distance <= 28.0F);
      for (const Object& other : scene.objects) {
        if (&other == &object) continue;
        const float apart = std::abs(std::remainder(object.bearing - other.bearing, 360.0F));
        CHECK(apart > object.half_angle + other.half_angle);
      }
    }
  }
}

TEST_CASE("every kind, status, count and bin occurs, and the mix of kinds differs between scenes") {
  std::array<int, kKinds> kinds{};
  std::array<int, kBins> bins{};
  std::array<int, 6> counts{};
  int moving = 0, objects = 0, repeated = 0;
  constexpr int kScenes = 2000;
  for (std::uint64_t i = 0; i < kScenes; ++i) {
    const Scene scene = make_scene(3, i);
    ++counts.at(scene.objects.size());
    std::set<Kind> present;
    for (const Object& object : scene.objects) {
      ++kinds[static_cast<std::size_t>(object.kind)];
      ++bins[static_cast<std::size_t>(object.bin)];
      moving += object.moving ? 1 : 0;
      present.insert(object.kind);
    }
    objects += static_cast<int>(scene.objects.size());
    repeated += present.size() < scene.objects.size() ? 1 : 0;
  }
  for (const int n : kinds) CHECK(n > objects / (2 * kKinds));
  for (const int n : bins) CHECK(n > objects / (2 * kBins));
  for (std::size_t n = 1; n <= 5; ++n) CHECK(counts[n] > kScenes / 10);
  CHECK(counts[0] == 0);
  CHECK(moving / static_cast<double>(objects) == Catch::Approx(0.5).margin(0.05));
  CHECK(repeated > kScenes / 3);  // else counting questions would mean nothing
}

TEST_CASE("a token and its bin look the same way") {
  std::set<int> bins;
  for (int token = 0; token < kBins; ++token) bins.insert(bin_of_token(token));
  CHECK(bins.size() == kBins);
  CHECK(bin_of_token(0) == 22);  // -30 degrees
  CHECK(bin_of_token(2) == 0);   // ahead
}
