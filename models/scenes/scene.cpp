#include "models/scenes/scene.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace lateral::scenes {
namespace {

struct Typical {
  std::string_view name, plural;
  float length, width, height;
  float nearest, farthest;  // so that each kind covers a few pixels and a few LiDAR rays wherever it stands
};

constexpr std::array<Typical, kKinds> kTypical{{
    {"car", "cars", 4.2F, 1.8F, 1.5F, 7, 24},
    {"truck", "trucks", 6.5F, 2.4F, 3.0F, 12, 28},
    {"bus", "buses", 9.0F, 2.6F, 3.3F, 15, 28},
    {"pedestrian", "pedestrians", 0.6F, 0.6F, 1.75F, 4, 16},
    {"bicycle", "bicycles", 1.7F, 0.5F, 1.2F, 4, 16},
    {"cone", "cones", 0.5F, 0.5F, 0.8F, 4, 12},
    {"barrier", "barriers", 2.4F, 0.5F, 1.0F, 5, 16},
    {"trailer", "trailers", 7.0F, 2.4F, 2.2F, 12, 28},
}};

const Typical& typical(Kind kind) {
  return kTypical[static_cast<std::size_t>(kind)];
}

constexpr float kDegrees = 180.0F / std::numbers::pi_v<float>;
constexpr float kGapDegrees = 2.0F;  // of free view between two neighbours
constexpr int kAttempts = 400;       // positions tried in all; eight buses may not fit around the vehicle

/// A scene has few kinds, unevenly mixed: with all eight kinds everywhere nearly every count would be 0 or 1.
class Mix {
 public:
  Mix(float even, Random& random) {
    const bool is_even = random.chance(even);
    std::iota(kinds_.begin(), kinds_.end(), 0);
    random.shuffle(std::span<int>(kinds_));
    used_ = is_even ? kKinds : static_cast<std::size_t>(random.between(1, 4));
    for (std::size_t i = 0; i < used_; ++i) {
      // Exponentials, normalised: uniform on the simplex.
      share_[i] = is_even ? 1.0F : -std::log(1.0F - random.uniform());
      sum_ += share_[i];
    }
  }

  Kind draw(Random& random) const {
    float left = random.uniform(0.0F, sum_);
    std::size_t i = 0;
    while (i + 1 < used_ && left >= share_[i]) left -= share_[i++];
    return static_cast<Kind>(kinds_[i]);
  }

 private:
  std::array<int, kKinds> kinds_{};
  std::array<float, kKinds> share_{};
  std::size_t used_ = 0;
  float sum_ = 0;
};

/// The corner farthest from the centre's bearing, seen from the vehicle.
float half_angle_of(const Object& object) {
  // 0: the object points away from the vehicle.
  const float turned = object.heading - object.bearing / kDegrees;
  float widest = 0;
  for (const float end : {-0.5F, 0.5F}) {
    for (const float side : {-0.5F, 0.5F}) {
      const float away = end * object.length * std::cos(turned) - side * object.width * std::sin(turned);
      const float across = end * object.length * std::sin(turned) + side * object.width * std::cos(turned);
      widest = std::max(widest, std::abs(std::atan2(across, object.distance + away)));
    }
  }
  return widest * kDegrees;
}

Object draw_object(const Mix& mix, Random& random) {
  Object object;
  object.kind = mix.draw(random);
  object.bin = static_cast<int>(random.below(kBins));
  const Typical& t = typical(object.kind);
  const float scale = random.uniform(0.9F, 1.1F);
  object.length = t.length * scale;
  object.width = t.width * scale;
  object.height = t.height * scale;
  object.distance = random.uniform(t.nearest, t.farthest);
  object.bearing = kBinDegrees * (static_cast<float>(object.bin) + 0.5F) + random.uniform(-4.0F, 4.0F);
  object.heading = random.uniform(0.0F, std::numbers::pi_v<float>);
  object.half_angle = half_angle_of(object);
  return object;
}

bool hides(const Object& a, const Object& b) {
  const float apart = std::abs(std::remainder(a.bearing - b.bearing, 360.0F));
  return apart < a.half_angle + b.half_angle + kGapDegrees;
}

}  // namespace

std::string_view name_of(Kind kind) {
  return typical(kind).name;
}
std::string_view plural_of(Kind kind) {
  return typical(kind).plural;
}
std::string_view status_name(bool moving) {
  return moving ? "moving" : "standing";
}

const Object* Scene::at(int bin) const {
  const auto found =
      std::find_if(objects.begin(), objects.end(), [&](const Object& o) { return o.bin == bin; });
  return found == objects.end() ? nullptr : &*found;
}

Scene make_scene(std::uint64_t seed, std::uint64_t index, const SceneOptions& options) {
  if (options.min_objects < 1 || options.max_objects < options.min_objects || options.max_objects > kBins) {
    fail(Errc::InvalidArgument, "scenes", "between ", options.min_objects, " and ", options.max_objects,
         " objects asked for; 1 <= least <= most <= ", kBins, " is possible");
  }
  Scene scene;
  scene.id = mix_seed(seed, index);
  Random random(scene.id);
  const auto wanted = static_cast<std::size_t>(random.between(options.min_objects, options.max_objects));
  const Mix mix(options.even_mix, random);
  const float moving_share = random.uniform(0.2F, 0.8F);
  for (int attempt = 0; attempt < kAttempts && scene.objects.size() < wanted; ++attempt) {
    Object object = draw_object(mix, random);
    const auto clashes = [&](const Object& other) { return other.bin == object.bin || hides(object, other); };
    if (std::any_of(scene.objects.begin(), scene.objects.end(), clashes)) continue;
    object.moving = random.chance(moving_share);
    for (float& channel : object.tint) channel = 0.06F * random.normal();
    scene.objects.push_back(object);
  }
  return scene;
}

}  // namespace lateral::scenes
