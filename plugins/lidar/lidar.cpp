// A LiDAR sweep into 24 tokens, one for each 15 degrees around the vehicle.
//
// Options
//   weights = "FILE"         default: lidar.safetensors beside the plugin
//   motion = true            the points carry a fifth column, 1 where the sweep saw motion; false: four columns
//   sensor_height = 1.6      metres above the ground
//   intensity_scale = 1.0    brings intensities to 0..1 (1/255 for nuScenes)

#include <lateral/plugin.hpp>

#include "plugins/common/bin_encoder.hpp"
#include "plugins/common/range_view.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;

plugins::Signal blank() {
  return plugins::range_view(nullptr, 0, 4);
}

std::vector<std::string> columns(bool motion) {
  std::vector<std::string> names{"x", "y", "z", "intensity"};
  if (motion) names.emplace_back("motion");
  return names;
}

class Lidar final : public sdk::Encoder {
 public:
  Lidar(const sdk::Host& host, sdk::Options& options)
      : encoder_(host, options, "lidar.safetensors", blank()),
        columns_(columns(options.get("motion", true))) {
    mounting_.height = options.get("sensor_height", mounting_.height);
    mounting_.intensity_scale = options.get("intensity_scale", mounting_.intensity_scale);
  }

  sdk::Info info() const override {
    sdk::Info info{"lidar", "lidar"};
    encoder_.describe(info);
    info.inputs = {sdk::Input::points("points", columns_)};
    return info;
  }

  void encode(const sdk::Inputs& in, sdk::Outputs& out) override {
    const auto points = in.f32("points");
    const auto wanted = static_cast<std::int64_t>(columns_.size());
    if (points.rank() != 2 || points.dim(1) != wanted) {
      sdk::fail(LAT_INVALID_ARGUMENT, "the LiDAR needs points [N, ", wanted, "]");
    }
    encoder_.encode(plugins::range_view(points.data(), points.dim(0), points.dim(1), mounting_), out);
  }

 private:
  plugins::BinEncoder encoder_;
  std::vector<std::string> columns_;
  plugins::Mounting mounting_;
};

}  // namespace

LATERAL_PLUGIN(Lidar, "lidar", "0.1.0");
