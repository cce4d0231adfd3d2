#include "core/model/load.hpp"

#include <ATen/ATen.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "core/model/config_writer.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::model {
namespace {

namespace fs = std::filesystem;

/// Files saved from the bare model (without its head) leave out the first part of the names.
constexpr std::string_view kOuterPrefix = "model.";

class Weights final : public BlockSource {
 public:
  Weights(const fs::path& folder, DecoderSpec spec, at::ScalarType dtype, at::Device device)
      : files_(folder), spec_(std::move(spec)), dtype_(dtype), device_(device) {}

  BlockWeights load(std::int64_t block) const override {
    BlockWeights weights;
    visit_block(spec_, block, weights, reader());
    return weights;
  }

  void evict(std::int64_t block) const override {
    BlockWeights weights;
    visit_block(spec_, block, weights, [&](const std::string& name, at::Tensor&, const auto&) {
      tensor::drop_pages(find(name)->bytes);
    });
  }

  OuterWeights load_outer() const {
    OuterWeights outer;
    visit_outer(spec_, outer, reader());
    return outer;
  }

  void check(const fs::path& folder) const;

 private:
  const format::TensorView* find(const std::string& name) const {
    if (const format::TensorView* const view = files_.find(name)) return view;
    return name.starts_with(kOuterPrefix) ? files_.find(name.substr(kOuterPrefix.size())) : nullptr;
  }

  VisitTensor reader() const {
    return [this](const std::string& name, at::Tensor& tensor, const auto&) {
      const format::TensorView& view = *find(name);
      tensor = tensor::to_tensor(view, files_.file_of(view.name).mapping(), dtype_).to(device_);
    };
  }

  format::SafetensorsFolder files_;
  DecoderSpec spec_;
  at::ScalarType dtype_;
  at::Device device_;
};

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::ostringstream out;
  out << at::IntArrayRef(shape);
  return std::move(out).str();
}

// Buffers that old versions of transformers saved, and the copy of a tied head.
bool harmless(std::string_view name, const DecoderSpec& spec) {
  return name.ends_with(".rotary_emb.inv_freq") || (spec.tied_head && name == "lm_head.weight");
}

void Weights::check(const fs::path& folder) const {
  std::string faults;
  std::set<std::string_view> expected;
  const VisitTensor compare = [&](const std::string& name, at::Tensor&,
                                  const std::vector<std::int64_t>& shape) {
    const format::TensorView* const view = find(name);
    if (view == nullptr) {
      faults += "\n  missing: " + name + " " + shape_text(shape);
      return;
    }
    expected.insert(view->name);
    if (view->shape != shape) {
      faults += "\n  " + name + ": expected " + shape_text(shape) + ", found " + shape_text(view->shape);
    }
    if (!at::isFloatingType(tensor::scalar_type(view->dtype))) {
      faults +=
          "\n  " + name + ": expected floating numbers, found " + std::string(format::name_of(view->dtype));
    }
  };
  OuterWeights outer;
  visit_outer(spec_, outer, compare);
  BlockWeights block;
  for (std::int64_t index = 0; index < spec_.layers; ++index) visit_block(spec_, index, block, compare);
  for (const format::TensorView* view : files_.tensors()) {
    if (expected.contains(view->name) || harmless(view->name, spec_)) continue;
    faults += "\n  unexpected: " + view->name + " " + shape_text(view->shape);
  }
  if (!faults.empty()) {
    fail(Errc::InvalidArgument, "model", folder.string(),
         ": config.json and the weights do not fit together:", faults);
  }
}

void refuse_pickles(const fs::path& folder) {
  if (fs::exists(folder / "model.safetensors") || fs::exists(folder / "model.safetensors.index.json")) return;
  for (const char* name :
       {"pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "consolidated.00.pth"}) {
    if (!fs::exists(folder / name)) continue;
    fail(Errc::Unsupported, "model", (folder / name).string(),
         " is a pickle, which can run any code when read, and ",
         "is never opened. Convert it once where you trust it: AutoModelForCausalLM.from_pretrained(DIR)",
         ".save_pretrained(NEW) of transformers writes model.safetensors");
  }
}

// transformers lets generation_config.json overrule the ids that end an answer.
void read_generation_config(const fs::path& folder, DecoderSpec& spec) {
  const fs::path path = folder / "generation_config.json";
  if (!fs::exists(path)) return;
  const auto eos = format::json::read_file(path).find("eos_token_id");
  if (!eos) return;
  spec.eos.clear();
  if (!eos->is(format::json::Kind::Array)) {
    spec.eos.push_back(eos->as_int(0, spec.vocab - 1));
    return;
  }
  for (std::size_t i = 0; i < eos->size(); ++i) spec.eos.push_back((*eos)[i].as_int(0, spec.vocab - 1));
}

}  // namespace

Decoder load_model(const fs::path& folder, at::ScalarType dtype, at::Device device) {
  if (!fs::is_directory(folder)) {
    fail(Errc::NotFound, "model", folder.string(),
         ": expected a directory with config.json and model.safetensors");
  }
  DecoderSpec spec = read_spec(folder / "config.json");
  read_generation_config(folder, spec);
  refuse_pickles(folder);
  const auto weights = std::make_shared<Weights>(folder, spec, dtype, device);
  weights->check(folder);
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
