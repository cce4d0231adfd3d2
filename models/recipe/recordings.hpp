#pragma once
// Scenes as the encoders learn from them: pictures in memory with what is to be seen in each 15 degrees.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "models/recipe/network_module.hpp"
#include "models/scenes/scene.hpp"
#include "plugins/common/network.hpp"

namespace lateral::recipe {

enum class Sensor { Camera, Lidar };

PictureShape shape_of(Sensor sensor);

/// What a token may be called: the eight kinds, then these. The plugins count the last two as "nothing seen".
inline constexpr std::int64_t kEmpty = scenes::kKinds;
inline constexpr std::int64_t kUnseen = scenes::kKinds + 1;
inline constexpr std::int64_t kClasses = scenes::kKinds + 2;
/// standing, moving, or no object.
inline constexpr std::int64_t kStatuses = 3;

struct Recordings {
  at::Tensor pictures;  ///< [n, channels, rows, columns]: u8 (camera, 0..255) or f16 (LiDAR)
  at::Tensor kind;      ///< int64 [n, 24], in 0..9
  at::Tensor status;    ///< int64 [n, 24], in 0..2

  std::int64_t size() const { return kind.size(0); }
  /// Pictures as the network reads them: float [batch, channels, rows, columns]. `rows` int64 [batch].
  at::Tensor read(const at::Tensor& rows) const;
};

/// Which scenes: indices [first, first + count) of a series.
struct Series {
  std::uint64_t seed = 0;
  std::uint64_t first = 0;
  std::int64_t count = 0;
  scenes::SceneOptions scenes;
};

/// Every `night_every`-th picture is taken at night (0 = none). A camera's night pictures are labelled unseen: an
/// encoder that is forced to name what noise hides learns to imagine things. A LiDAR does not care.
Recordings record(Sensor sensor, const Series& series, std::int64_t night_every);

/// One scene as the plugin's network sees it: the plugins' own preprocessing, so what is learned is what they see.
plugins::Signal signal_of(Sensor sensor, const scenes::Scene& scene, bool night);
/// The same as float [1, channels, rows, columns].
at::Tensor picture_of(Sensor sensor, const scenes::Scene& scene, bool night);

}  // namespace lateral::recipe
