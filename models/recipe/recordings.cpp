#include "models/recipe/recordings.hpp"

#include <ATen/ATen.h>

#include "models/scenes/camera.hpp"
#include "models/scenes/lidar.hpp"
#include "plugins/common/panorama.hpp"
#include "plugins/common/range_view.hpp"

namespace lateral::recipe {
namespace {

void label(const scenes::Scene& scene, bool unseen, std::int64_t* kind, std::int64_t* status) {
  for (int token = 0; token < scenes::kBins; ++token) {
    const scenes::Object* const object = unseen ? nullptr : scene.at(scenes::bin_of_token(token));
    kind[token] = unseen ? kUnseen : object == nullptr ? kEmpty : static_cast<std::int64_t>(object->kind);
    status[token] = object == nullptr ? 2 : object->moving ? 1 : 0;
  }
}

}  // namespace

plugins::Signal signal_of(Sensor sensor, const scenes::Scene& scene, bool night) {
  if (sensor == Sensor::Lidar) {
    const scenes::PointCloud cloud = scenes::render_lidar(scene);
    return plugins::range_view(cloud.values.data(), static_cast<std::int64_t>(cloud.count()), 5);
  }
  scenes::CameraOptions options;
  options.night = night;
  const scenes::Ring ring = scenes::render_camera(scene, options);
  return plugins::panorama(ring.pixels.data(), ring.height, ring.width);
}

PictureShape shape_of(Sensor sensor) {
  if (sensor == Sensor::Camera) return {3, plugins::kViewRows, plugins::kViews * plugins::kViewColumns};
  return {4, plugins::kBeams, plugins::kAzimuths};
}

at::Tensor Recordings::read(const at::Tensor& rows) const {
  const at::Tensor chosen = pictures.index_select(0, rows).to(at::kFloat);
  return pictures.scalar_type() == at::kByte ? chosen / 255.0 : chosen;
}

at::Tensor picture_of(Sensor sensor, const scenes::Scene& scene, bool night) {
  const PictureShape shape = shape_of(sensor);
  plugins::Signal signal = signal_of(sensor, scene, night);
  return at::from_blob(signal.values.data(), {1, shape.channels, shape.rows, shape.columns}, at::kFloat)
      .clone();
}

Recordings record(Sensor sensor, const Series& series, std::int64_t night_every) {
  const PictureShape shape = shape_of(sensor);
  const bool camera = sensor == Sensor::Camera;
  Recordings all;
  all.pictures =
      at::empty({series.count, shape.channels, shape.rows, shape.columns}, camera ? at::kByte : at::kHalf);
  all.kind = at::empty({series.count, scenes::kBins}, at::kLong);
  all.status = at::empty({series.count, scenes::kBins}, at::kLong);
  for (std::int64_t i = 0; i < series.count; ++i) {
    const bool night = night_every > 0 && i % night_every == night_every - 1;
    const auto scene =
        scenes::make_scene(series.seed, series.first + static_cast<std::uint64_t>(i), series.scenes);
    const at::Tensor picture = picture_of(sensor, scene, night)[0];
    all.pictures[i].copy_(camera ? (picture * 255.0).round() : picture);
    label(scene, camera && night, all.kind[i].data_ptr<std::int64_t>(),
          all.status[i].data_ptr<std::int64_t>());
  }
  return all;
}

}  // namespace lateral::recipe
