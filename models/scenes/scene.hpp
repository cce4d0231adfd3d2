#pragma once
// Generated driving scenes: what stands around the vehicle at one moment. The embedded model, its encoders,
// the demo and the tests all take their data from here.
//
// The world: the vehicle stands at the origin on flat ground. Bearings are degrees clockwise from straight
// ahead and fall into 24 bins of 15 degrees; bin b covers [15 b, 15 b + 15). Each bin holds at most one
// object, and no object hides another. Lengths are metres.
//
// Thread safety: plain values and pure functions.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lateral::scenes {

enum class Kind : std::uint8_t { Car, Truck, Bus, Pedestrian, Bicycle, Cone, Barrier, Trailer };

inline constexpr int kKinds = 8;
inline constexpr int kBins = 24;
inline constexpr float kBinDegrees = 15.0F;

/// "car", "bus", ...
std::string_view name_of(Kind kind);
/// "cars", "buses", ...
std::string_view plural_of(Kind kind);
/// "moving" or "standing".
std::string_view status_name(bool moving);

struct Object {
  Kind kind{};
  bool moving = false;
  int bin = 0;         ///< 0..23
  float bearing = 0;   ///< degrees, of the centre
  float distance = 0;  ///< to the centre, on the ground
  float heading = 0;   ///< radians from the x axis (ahead) towards bearing 90 degrees
  float length = 0;    ///< along the heading
  float width = 0;
  float height = 0;             ///< the box stands on the ground
  float half_angle = 0;         ///< degrees: the box is seen within bearing +- half_angle
  std::array<float, 3> tint{};  ///< what this individual's colour differs by from its kind's, RGB in 0..1
};

struct SceneOptions {
  int min_objects = 1;
  int max_objects = 5;  ///< a crowded scene may end with fewer than it drew: nothing may hide anything
  float even_mix = 0;   ///< share of scenes in which all kinds are equally likely, instead of a few unevenly
};

struct Scene {
  std::uint64_t id = 0;  ///< from seed and index; the renderers draw their noise from it
  std::vector<Object> objects;

  /// The object in a bin, or null.
  const Object* at(int bin) const;
};

/// Scene `index` of the endless series that `seed` names. It depends on these two and on the options alone,
/// never on how many scenes anyone asks for: recordings of two sensors pair by index. Throws InvalidArgument
/// unless 1 <= min_objects <= max_objects <= 24.
Scene make_scene(std::uint64_t seed, std::uint64_t index, const SceneOptions& options = {});

/// The camera ring and the encoders' 24 tokens begin 30 degrees to the left of ahead: token t looks
/// at this bin.
constexpr int bin_of_token(int token) {
  return (token + 22) % kBins;
}

}  // namespace lateral::scenes
