// Six camera views into 24 tokens, one for each 15 degrees around the vehicle.
//
// Options: weights = "FILE" (default: camera.safetensors beside the plugin).

#include <lateral/plugin.hpp>

#include "plugins/common/bin_encoder.hpp"
#include "plugins/common/panorama.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;

plugins::Signal blank() {
  const Eigen::Index columns = plugins::kViews * plugins::kViewColumns;
  return {plugins::Matrix::Zero(3, plugins::kViewRows * columns), plugins::kViewRows, columns};
}

class Camera final : public sdk::Encoder {
 public:
  Camera(const sdk::Host& host, sdk::Options& options)
      : encoder_(host, options, "camera.safetensors", blank()) {}

  sdk::Info info() const override {
    sdk::Info info{"camera", "camera"};
    encoder_.describe(info);
    info.inputs = {sdk::Input::image("image", plugins::kViews)};
    return info;
  }

  void encode(const sdk::Inputs& in, sdk::Outputs& out) override {
    const auto image = in.u8("image");
    if (image.rank() != 4 || image.dim(0) != plugins::kViews || image.dim(3) != 3 || image.size() == 0) {
      sdk::fail(LAT_INVALID_ARGUMENT, "the camera needs ", plugins::kViews,
                " RGB views, clockwise from ahead");
    }
    encoder_.encode(plugins::panorama(image.data(), image.dim(1), image.dim(2)), out);
  }

 private:
  plugins::BinEncoder encoder_;
};

}  // namespace

LATERAL_PLUGIN(Camera, "camera", "0.1.0");
