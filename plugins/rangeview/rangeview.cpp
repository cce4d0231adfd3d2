// A LiDAR sweep, seen as a picture by a vision transformer (RangeViT's patches), into a few tokens: the average of its
// patches over bands of elevation and sectors of bearing. The options stand in rangeview.toml.

#include <lateral/plugin.hpp>

#include <ATen/ops/tensor.h>

#include <array>
#include <optional>
#include <sstream>

#include "plugins/rangeview/range_image.hpp"
#include "plugins/rangeview/vit.hpp"
#include "plugins/torch/bridge.hpp"
#include "plugins/torch/guard.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;
using plugins::computing;
using plugins::kRangeChannels;

std::array<float, kRangeChannels> five_numbers(sdk::Options& options, const char* key,
                                               std::array<float, kRangeChannels> numbers) {
  if (!options.has(key)) return numbers;
  std::istringstream text(options.get(key, ""));
  for (float& number : numbers) text >> number;
  std::string rest;
  if (!text || text >> rest)
    sdk::fail(LAT_INVALID_ARGUMENT, key, " must be five numbers with blanks between them");
  return numbers;
}

plugins::Projection read_projection(sdk::Options& options) {
  plugins::Projection projection = plugins::projection_named(options.get("projection", "nuscenes"));
  projection.up = options.get("fov_up", projection.up);
  projection.down = options.get("fov_down", projection.down);
  projection.mean = five_numbers(options, "mean", projection.mean);
  projection.deviation = five_numbers(options, "std", projection.deviation);
  projection.intensity_scale = options.get("intensity_scale", projection.intensity_scale);
  projection.as_published = options.get("as_published", false);
  if (!(projection.up > projection.down && projection.up <= 90.0 && projection.down >= -90.0))
    sdk::fail(LAT_INVALID_ARGUMENT, "fov_up and fov_down must be degrees from 90 down to -90");
  for (const float deviation : projection.deviation) {
    if (!(deviation > 0.0F)) sdk::fail(LAT_INVALID_ARGUMENT, "std must be positive");
  }
  return projection;
}

void add(lateral::Hash64& hash, const plugins::Projection& projection) {
  hash.add(projection.up).add(projection.down).add(static_cast<double>(projection.intensity_scale));
  for (const float number : projection.mean) hash.add(static_cast<double>(number));
  for (const float number : projection.deviation) hash.add(static_cast<double>(number));
  hash.add(std::int64_t{projection.as_published});
}

class RangeView final : public plugins::TorchEncoder {
 public:
  RangeView(const sdk::Host& host, sdk::Options& options)
      : RangeView(folder_of(host, options), read_projection(options), options.get("bands", std::int64_t{4}),
                  options.get("sectors", std::int64_t{1})) {}

  sdk::Info info() const override {
    sdk::Info info{"rangeview", "lidar"};
    info.token_space = token_space_;
    info.token_width = static_cast<std::uint32_t>(shape_.hidden);
    info.max_tokens = static_cast<std::uint32_t>(bands_ * sectors_);
    info.inputs = {sdk::Input::points("points", {"x", "y", "z", "intensity"})};
    info.reentrant = true;
    info.scores = true;
    info.position_axes = {"bearing", "elevation"};
    info.position_units = "degrees";
    return info;
  }

 private:
  RangeView(const std::filesystem::path& folder, const plugins::Projection& projection, std::int64_t bands,
            std::int64_t sectors)
      : projection_(projection), bands_(bands), sectors_(sectors) {
    computing([&] { load(folder); });
  }

  static std::filesystem::path folder_of(const sdk::Host& host, sdk::Options& options) {
    const std::string folder = options.get("weights", "");
    if (folder.empty()) sdk::fail(LAT_INVALID_ARGUMENT, "weights must name a directory with a ViT");
    return folder.front() == '/' ? folder : host.file(folder);
  }

  void load(const std::filesystem::path& folder) {
    shape_ = plugins::read_vit_shape(folder / "config.json");
    if (bands_ < 1 || sectors_ < 1 || shape_.grid_rows() % bands_ != 0 ||
        shape_.grid_columns() % sectors_ != 0) {
      sdk::fail(LAT_INVALID_ARGUMENT, "bands must divide ", shape_.grid_rows(), " and sectors ",
                shape_.grid_columns(), ", the rows and columns of patches");
    }
    plugins::Weights weights(folder);
    vit_.emplace(shape_, weights);
    lateral::Hash64 hash = weights.taken();
    add(hash, projection_);
    hash.add(shape_.heads).add(bands_).add(sectors_);
    token_space_ = "rangeview/" + hash.text();
  }

  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    const auto points = in.f32("points");
    if (points.rank() != 2 || points.dim(1) != 4)
      sdk::fail(LAT_INVALID_ARGUMENT, "the LiDAR needs points [N, 4]: x, y, z, intensity");
    plugins::RangeImage image =
        plugins::range_image(points.data(), points.dim(0), shape_.rows, shape_.columns, projection_);
    const at::Tensor picture = at::tensor(image.values).view({kRangeChannels, shape_.rows, shape_.columns});
    plugins::write_rows(pooled((*vit_)(picture, [&] { out.check(); })), out.tokens());
    const at::Tensor seen =
        at::tensor(image.points).ge(0).to(at::kFloat).view({shape_.rows, shape_.columns, 1});
    plugins::write_rows(pooled(seen), out.scores());
    write_positions(out.positions());
  }

  /// [any multiple of bands, any multiple of sectors, width] -> [bands * sectors, width]
  at::Tensor pooled(const at::Tensor& map) const {
    return map.unflatten(1, {sectors_, -1})
        .unflatten(0, {bands_, -1})
        .mean(at::IntArrayRef{1, 3})
        .flatten(0, 1);
  }

  void write_positions(const sdk::View<float>& positions) const {
    const auto middle = [](std::int64_t i, std::int64_t n) {
      return (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    };
    for (std::int64_t token = 0; token < bands_ * sectors_; ++token) {
      const double bearing = 360.0 * middle(token % sectors_, sectors_) - 180.0;
      const double below = middle(token / sectors_, bands_);
      positions.data()[2 * token] = static_cast<float>(bearing);
      positions.data()[2 * token + 1] =
          static_cast<float>(projection_.up - below * (projection_.up - projection_.down));
    }
  }

  plugins::Projection projection_;
  std::int64_t bands_, sectors_;
  plugins::VitShape shape_;
  std::optional<plugins::Vit> vit_;
  std::string token_space_;
};

}  // namespace

LATERAL_PLUGIN(RangeView, "rangeview", "0.1.0");
