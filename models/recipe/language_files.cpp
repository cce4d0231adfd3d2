#include "models/recipe/language_files.hpp"

#include <ATen/ATen.h>

#include <vector>

#include "core/base/file.hpp"
#include "core/format/safetensors.hpp"
#include "core/model/config_writer.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::recipe {

void save_language(const model::Decoder& decoder, const std::filesystem::path& folder) {
  std::vector<model::NamedTensor> halves;
  for (const auto& [name, tensor] : decoder.named_tensors()) {
    halves.push_back({name, tensor.detach().to(at::kHalf).contiguous()});
  }
  std::vector<format::TensorView> views;
  for (const auto& [name, tensor] : halves) views.push_back(tensor::to_view(name, tensor));
  format::write_safetensors(folder / "model.safetensors", views, {{"format", "pt"}});
  write_atomically(folder / "config.json", model::config_json(decoder.spec(), at::kHalf));
  // The model was taught with the bare question before the answer.
  write_atomically(folder / "lateral.json",
                   R"({"format": 1, "prompt": "{question}", "lead": " ", "stop": []})"
                   "\n");
}

}  // namespace lateral::recipe
