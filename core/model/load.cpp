#include "core/model/load.hpp"

#include <ATen/ATen.h>

#include <memory>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/safetensors.hpp"
#include "core/model/config_writer.hpp"
#include "core/model/weight_files.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::model {
namespace {

namespace fs = std::filesystem;

class Weights final : public BlockSource {
 public:
  Weights(const fs::path& folder, at::ScalarType dtype, at::Device device)
      : files_(folder), dtype_(dtype), device_(device) {}

  const DecoderSpec& spec() const { return files_.spec(); }

  BlockWeights load(std::int64_t block) const override {
    BlockWeights weights;
    visit_block(spec(), block, weights, reader());
    return weights;
  }

  void evict(std::int64_t block) const override {
    BlockWeights weights;
    visit_block(spec(), block, weights, [&](const std::string& name, at::Tensor&, const auto&) {
      tensor::drop_pages(files_.at(name).bytes);
    });
  }

  OuterWeights load_outer() const {
    OuterWeights outer;
    visit_outer(spec(), outer, reader());
    return outer;
  }

 private:
  VisitTensor reader() const {
    return [this](const std::string& name, at::Tensor& tensor, const auto&) {
      const format::TensorView& view = files_.at(name);
      tensor = tensor::to_tensor(view, files_.mapping_of(view), dtype_).to(device_);
    };
  }

  WeightFiles files_;
  at::ScalarType dtype_;
  at::Device device_;
};

}  // namespace

Decoder load_model(const fs::path& folder, at::ScalarType dtype, at::Device device) {
  const auto weights = std::make_shared<const Weights>(folder, dtype, device);
  const DecoderSpec& spec = weights->spec();
  log::debug("model", folder.string(), ": ", spec.family, ", ", spec.layers, " blocks of width ",
             spec.hidden);
  std::vector<std::shared_ptr<const BlockWeights>> blocks(static_cast<std::size_t>(spec.layers));
  return Decoder(spec, weights->load_outer(), std::make_shared<BlockStore>(std::move(blocks), weights));
}

void save_model(const Decoder& decoder, const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<at::Tensor> kept;
  std::vector<format::TensorView> views;
  for (const auto& [name, tensor] : decoder.named_tensors()) {
    kept.push_back(tensor.detach().to(at::kCPU).contiguous());
    views.push_back(tensor::to_view(name, kept.back()));
  }
  format::write_safetensors(folder / "model.safetensors", views, {{"format", "pt"}});
  write_atomically(folder / "config.json",
                   config_json(decoder.spec(), decoder.options().dtype().toScalarType()));
}

}  // namespace lateral::model
