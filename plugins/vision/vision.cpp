// Pictures into tokens with a vision transformer of the Hugging Face kind: ViT, DeiT, DINOv2, CLIP, SigLIP.

#include <lateral/plugin.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "plugins/torch/guard.hpp"
#include "plugins/vision/selection.hpp"
#include "plugins/vision/tower.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;

std::filesystem::path model_folder(const sdk::Host& host, sdk::Options& options) {
  const auto model = options.get("model", "");
  if (model.empty()) {
    sdk::fail(LAT_INVALID_ARGUMENT,
              "option \"model\" is missing: a directory with config.json, processor_config.json or "
              "preprocessor_config.json, and model.safetensors");
  }
  return model.front() == '/' ? model : host.file(model);
}

class Vision final : public plugins::TorchEncoder {
 public:
  Vision(const sdk::Host& host, sdk::Options& options)
      : views_(plugins::count_option(options, "views", 6, 1, 64)), selection_(options) {
    const auto folder = model_folder(host, options);
    plugins::computing([&] { load(folder); });
  }

  sdk::Info info() const override {
    sdk::Info info{"vision", "camera", token_space_};
    info.token_width = static_cast<std::uint32_t>(tower_->spec().width);
    info.max_tokens = static_cast<std::uint32_t>(views_ * selection_.tokens_a_view(*tower_));
    info.inputs = {sdk::Input::image("image")};
    if (selection_.patches()) {
      info.scores = true;
      info.key_width = static_cast<std::uint32_t>(tower_->spec().heads * tower_->spec().head_width);
      info.position_axes = {"view", "row", "column"};
      info.position_units = "patches";
    }
    return info;
  }

  sdk::Plan plan(const sdk::Inputs& in) override {
    return {static_cast<std::uint32_t>(views_of(in) * selection_.tokens_a_view(*tower_)), 0};
  }

 private:
  void load(const std::filesystem::path& folder) {
    auto spec = plugins::read_vision_spec(folder);
    preprocessing_.emplace(folder, spec.family);
    plugins::Weights weights(folder);
    const auto size = preprocessing_->size().value_or(spec.image);
    tower_.emplace(std::move(spec), size, weights, selection_.pools());
    selection_.fit(*tower_);
    lateral::Hash64 hash = weights.taken();
    tower_->spec().add_to(hash);
    preprocessing_->add_to(hash);
    token_space_ = tower_->spec().family + "/" + selection_.name() + "/" + hash.text();
  }

  std::int64_t views_of(const sdk::Inputs& in) const {
    const auto pictures = in.u8("image");
    const std::int64_t views = pictures.dim(0);
    if (views < 1 || views > views_) {
      sdk::fail(LAT_INVALID_ARGUMENT, views, " views; option \"views\" admits 1 to ", views_);
    }
    if (!preprocessing_->size()) require_size({pictures.dim(1), pictures.dim(2)});
    return views;
  }

  /// Of pictures that are taken as they are: the tower has positions for one size.
  void require_size(const plugins::Extent& picture) const {
    const auto& wanted = tower_->spec().image;
    if (picture == wanted) return;
    sdk::fail(
        LAT_INVALID_ARGUMENT, "pictures of ", picture.height, " by ", picture.width,
        " pixels, but this model neither resizes nor crops them (do_resize is false); give it pictures of ",
        wanted.height, " by ", wanted.width);
  }

  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    views_of(in);
    const at::Tensor pixels = (*preprocessing_)(in.u8("image"));
    selection_.write(*tower_, pixels, out);
  }

  std::int64_t views_;
  plugins::Selection selection_;
  std::optional<plugins::Preprocessing> preprocessing_;
  std::optional<plugins::Tower> tower_;
  std::string token_space_;
};

}  // namespace

LATERAL_PLUGIN(Vision, "vision", "0.1.0");
