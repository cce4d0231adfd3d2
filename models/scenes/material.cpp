#include "models/scenes/material.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lateral::scenes {
namespace {

struct Look {
  Colour body, upper;  // upper: glass, faces, white stripes
  float reflect_body, reflect_upper;
};

constexpr float kUpperBegins = 0.6F;  // as a share of the height
constexpr float kBandBegins = 0.35F;
constexpr Colour kLitBand{1.0F, 0.95F, 0.35F};
constexpr float kHeadBegins = 0.83F;
constexpr Colour kTyre{0.06F, 0.06F, 0.07F};
constexpr Colour kSkin{0.85F, 0.65F, 0.55F};
constexpr Colour kTrousers{0.22F, 0.20F, 0.30F};

constexpr std::array<Look, kKinds> kLooks{{
    {{.20F, .30F, .65F}, {.10F, .10F, .14F}, .45F, .15F},  // car
    {{.55F, .55F, .60F}, {.30F, .30F, .34F}, .60F, .50F},  // truck
    {{.85F, .65F, .15F}, {.12F, .12F, .16F}, .70F, .15F},  // bus
    {{.55F, .25F, .45F}, {.85F, .65F, .55F}, .25F, .35F},  // pedestrian
    {{.15F, .50F, .30F}, {.60F, .60F, .62F}, .35F, .30F},  // bicycle
    {{.95F, .40F, .10F}, {.95F, .95F, .95F}, .80F, .95F},  // cone
    {{.80F, .15F, .15F}, {.95F, .95F, .95F}, .90F, .75F},  // barrier
    {{.45F, .35F, .25F}, {.45F, .35F, .25F}, .50F, .50F},  // trailer
}};

const Look& look(const Object& object) {
  return kLooks[static_cast<std::size_t>(object.kind)];
}

float up_of(const Hit& hit) {
  return hit.height / hit.crossing->object->height;
}

bool is_round(Kind kind) {
  return kind == Kind::Cone || kind == Kind::Pedestrian;
}

bool has_tyres(Kind kind) {
  return kind == Kind::Car || kind == Kind::Truck || kind == Kind::Bus || kind == Kind::Trailer;
}

/// In metres from the nearest axle, on a long side.
bool in_wheel(const Crossing& crossing, float height, float radius, float axle_from_end) {
  const float along = std::min(crossing.along, 1.0F - crossing.along) * crossing.object->length;
  return std::hypot(along - axle_from_end, height - radius) < radius;
}

bool is_tyre(const Hit& hit) {
  const Object& object = *hit.crossing->object;
  if (!has_tyres(object.kind) || !hit.crossing->long_side || hit.top) return false;
  return in_wheel(*hit.crossing, hit.height, 0.2F + 0.09F * object.height, 0.18F * object.length);
}

/// Windows are cut by pillars of body colour about every 1.2 m.
bool is_pillar(const Hit& hit) {
  const Object& object = *hit.crossing->object;
  if (object.kind != Kind::Car && object.kind != Kind::Bus) return false;
  const float side = hit.crossing->long_side ? object.length : object.width;
  const float panes = std::max(1.0F, std::round(side / 1.2F));
  const float in_pane = hit.crossing->along * panes - std::floor(hit.crossing->along * panes);
  return up_of(hit) > 0.92F || std::min(in_pane, 1.0F - in_pane) * side / panes < 0.05F;
}

bool bicycle_outline(const Crossing& crossing, float up) {
  if (crossing.long_side && up < kBandBegins) {
    const float radius = 0.65F * kBandBegins * crossing.object->height;
    return in_wheel(crossing, up * crossing.object->height, radius, radius);
  }
  return up < 0.75F || std::abs(crossing.along - 0.5F) < 0.35F;
}

/// Faces turned to the viewer are the brightest; round things fade towards their edges.
float shading(const Hit& hit) {
  const Crossing& crossing = *hit.crossing;
  if (hit.top) return 1.0F;
  if (is_round(crossing.object->kind)) {
    const float edge = std::min(1.0F, 2.0F * crossing.aside / crossing.object->width);
    return 0.6F + 0.4F * std::sqrt(1.0F - edge * edge);
  }
  return crossing.long_side ? 0.45F + 0.45F * crossing.facing : 0.55F + 0.45F * crossing.facing;
}

Colour paint_of(const Hit& hit, float up) {
  const Object& object = *hit.crossing->object;
  if (object.kind == Kind::Pedestrian)
    return up > kHeadBegins ? kSkin : up < kBandBegins ? kTrousers : look(object).body;
  const bool upper = up > kUpperBegins && !is_pillar(hit) && !(hit.top && object.kind == Kind::Car);
  return upper ? look(object).upper : look(object).body;
}

}  // namespace

bool box_outline(const Crossing&, float) {
  return true;
}

bool camera_outline(const Crossing& crossing, float up) {
  const float radius = 0.5F * crossing.object->width;
  switch (crossing.object->kind) {
    case Kind::Cone:
      return crossing.aside < radius * (up < 0.08F ? 1.0F : 0.85F - 0.7F * up);
    case Kind::Pedestrian:
      return crossing.aside < radius * (up < kHeadBegins ? 0.85F : 0.42F);
    case Kind::Bicycle:
      return bicycle_outline(crossing, up);
    default:
      return true;
  }
}

Colour colour_of(const Hit& hit) {
  const Object& object = *hit.crossing->object;
  const float up = up_of(hit);
  if (object.moving && up > kBandBegins && up < kUpperBegins) return kLitBand;  // a lamp: not shaded
  if (is_tyre(hit)) return kTyre;
  Colour colour = paint_of(hit, up);
  const float light = shading(hit);
  for (std::size_t i = 0; i < colour.size(); ++i) colour[i] = (colour[i] + object.tint[i]) * light;
  return colour;
}

Colour ground_colour(float bearing, float distance) {
  constexpr Colour kAsphalt{.36F, .36F, .37F};
  constexpr Colour kVerge{.36F, .40F, .31F};
  constexpr float kRoadHalf = 7.0F, kLane = 3.5F, kMarkHalf = 0.09F, kDash = 3.0F;
  const float radians = bearing * std::numbers::pi_v<float> / 180.0F;
  const float ahead = distance * std::cos(radians);
  const float beside = std::abs(distance * std::sin(radians));
  Colour colour = beside < kRoadHalf ? kAsphalt : kVerge;
  const bool edge = std::abs(beside - kRoadHalf + 0.4F) < kMarkHalf;
  const bool lane =
      std::abs(beside - 0.5F * kLane) < kMarkHalf && std::fmod(std::abs(ahead), 3.0F * kDash) < kDash;
  // Far marks are thinner than a pixel: fade them instead of letting them flicker.
  const float paint = edge || lane ? 0.45F * std::exp(-distance / 14.0F) : 0.0F;
  const float grain = 0.04F * std::sin(1.3F * distance);
  for (float& channel : colour) channel += paint - grain;
  return colour;
}

float reflectance_of(const Hit& hit) {
  const Look& surface = look(*hit.crossing->object);
  return (up_of(hit) > kUpperBegins ? surface.reflect_upper : surface.reflect_body) *
         (0.6F + 0.4F * shading(hit));
}

}  // namespace lateral::scenes
