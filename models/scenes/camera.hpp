#pragma once
// The camera ring: six views of 60 degrees that close to a full circle. View 0 looks ahead, view v towards
// bearing 60 v. Columns are spaced evenly in bearing and rows evenly in slope, so the views join without a
// seam and a 15 degree bin is the same number of columns everywhere.
//
// Thread safety: pure functions of their arguments.

#include <cstdint>
#include <vector>

#include "models/scenes/scene.hpp"

namespace lateral::scenes {

inline constexpr int kViews = 6;

struct CameraOptions {
  int height = 40, width = 64;  ///< pixels of one view; the encoders were trained at 40 x 64
  bool night = false;           ///< dark beyond the headlights' cone, and the sensor's noise twice as strong
  int samples = 2;              ///< rays per pixel along each axis
};

/// What people look at: the same scene and noise model with 36 times the pixels.
inline constexpr CameraOptions kLargePictures{240, 384, false, 2};

/// Six pictures: u8 RGB, [6, height, width, 3].
struct Ring {
  int height = 0, width = 0;
  std::vector<std::uint8_t> pixels;

  const std::uint8_t* pixel(int view, int row, int column) const {
    return pixels.data() + ((static_cast<std::size_t>(view) * static_cast<std::size_t>(height) +
                             static_cast<std::size_t>(row)) *
                                static_cast<std::size_t>(width) +
                            static_cast<std::size_t>(column)) *
                               3;
  }
};

/// The pictures of one scene, noise included: same scene and options, same bytes.
/// Throws InvalidArgument for sizes outside 1..4096 or samples outside 1..8.
Ring render_camera(const Scene& scene, const CameraOptions& options = {});

}  // namespace lateral::scenes
