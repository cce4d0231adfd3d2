#include "plugins/torch_module/tensors.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "plugins/torch_module/option_reader.hpp"

namespace lateral::plugins {
namespace {

at::Tensor channels(const std::vector<double>& numbers) {
  return at::tensor(numbers, at::kFloat).view({1, -1, 1, 1});
}

at::Tensor resized(const at::Tensor& pictures, const Picture& picture) {
  if (picture.resize.empty()) return pictures;
  if (picture.antialias) return at::_upsample_bilinear2d_aa(pictures, picture.resize, false);
  return at::upsample_bilinear2d(pictures, picture.resize, false);
}

/// u8 [views, height, width, 3] as the module wants its pictures.
at::Tensor as_module_wants(const at::Tensor& given, const Picture& picture) {
  at::Tensor pictures = given.clone().permute({0, 3, 1, 2});  // the module may write to what it gets
  if (picture.bgr) pictures = pictures.flip(1);
  if (!picture.bytes) {
    pictures = resized(pictures.to(at::kFloat).contiguous(), picture);
    if (picture.divide_by != 1) pictures = pictures / picture.divide_by;
    if (!picture.mean.empty()) pictures = pictures - channels(picture.mean);
    if (!picture.std.empty()) pictures = pictures / channels(picture.std);
  }
  return (picture.channels_last ? pictures.permute({0, 2, 3, 1}) : pictures).contiguous();
}

const at::Tensor& chosen(const OutputDeclaration& declaration, const std::string& prefix,
                         const Results& results) {
  const std::size_t count = results.tensors.size();
  if (declaration.key.empty()) {
    if (static_cast<std::size_t>(declaration.index) < count) return results.tensors[declaration.index];
    sdk::fail(LAT_INVALID_ARGUMENT, "option ", prefix, "index: ", declaration.index,
              ", but the module returns ", count, count == 1 ? " tensor" : " tensors",
              "; the first has the index 0");
  }
  const auto found = std::find(results.keys.begin(), results.keys.end(), declaration.key);
  if (found != results.keys.end())
    return results.tensors[static_cast<std::size_t>(found - results.keys.begin())];
  std::string known;
  for (const auto& key : results.keys) known += (known.empty() || key.empty() ? "" : ", ") + key;
  sdk::fail(LAT_INVALID_ARGUMENT, "option ", prefix, "key: the module returns no \"", declaration.key,
            "\" but ", known.empty() ? "no dictionary" : known);
}

void require_layout(const at::Tensor& tensor, const Rearrangement& layout, const std::string& prefix) {
  const auto shape = text_of(tensor.sizes().vec());
  if (static_cast<std::size_t>(tensor.dim()) != layout.rank) {
    sdk::fail(LAT_INVALID_ARGUMENT, "option ", prefix, "layout: \"", layout.text, "\" is for ", layout.rank,
              " axes, the module returns ", shape);
  }
  for (const auto axis : layout.single) {
    if (tensor.size(static_cast<std::int64_t>(axis)) != 1) {
      sdk::fail(LAT_INVALID_ARGUMENT, "option ", prefix, "layout: \"", layout.text, "\" says that axis ",
                axis, " has the size 1, the module returns ", shape);
    }
  }
}

at::Tensor rearranged(const at::Tensor& tensor, const Rearrangement& layout) {
  std::vector<std::int64_t> order(layout.rows.begin(), layout.rows.end());
  order.insert(order.end(), layout.columns.begin(), layout.columns.end());
  order.insert(order.end(), layout.averaged.begin(), layout.averaged.end());
  at::Tensor laid = tensor.permute(order);
  const auto rows = static_cast<std::int64_t>(layout.rows.size());
  const auto kept = rows + static_cast<std::int64_t>(layout.columns.size());
  if (!layout.averaged.empty()) laid = laid.flatten(kept).mean(kept);
  std::int64_t height = 1;
  for (std::int64_t axis = 0; axis < rows; ++axis) height *= laid.size(axis);
  return laid.reshape({height, height == 0 ? 0 : laid.numel() / height});
}

}  // namespace

at::Tensor example_of(const InputDeclaration& declaration) {
  const auto size = c10::multiply_integers(declaration.example);
  const bool bytes = declaration.input.dtype == LAT_DTYPE_U8;
  // A ramp that wraps, with a step prime to its length: neither constant nor random.
  const at::Tensor ramp = at::arange(size, at::kLong).mul(97).remainder(256);
  const at::Tensor values = bytes ? ramp.to(at::kByte) : ramp.to(at::kFloat).div(128).sub(1);
  return values.view(declaration.example);
}

at::Tensor argument_of(const InputDeclaration& declaration, const at::Tensor& given) {
  const at::Tensor argument =
      declaration.input.kind == LAT_INPUT_IMAGE ? as_module_wants(given, declaration.picture) : given.clone();
  if (declaration.argument.empty()) return argument;
  std::int64_t known = 1;
  for (const auto size : declaration.argument) known *= size < 0 ? 1 : size;
  const bool open = std::count(declaration.argument.begin(), declaration.argument.end(), -1) != 0;
  if (open ? argument.numel() % known != 0 : argument.numel() != known) {
    sdk::fail(LAT_INVALID_ARGUMENT, "input \"", declaration.input.name, "\" has shape ",
              text_of(argument.sizes().vec()), ", which cannot be reshaped to ",
              text_of(declaration.argument), " (option input.", declaration.input.name, ".argument)");
  }
  return argument.reshape(declaration.argument);
}

at::Tensor rows_of(const OutputDeclaration& declaration, const std::string& name, const Results& results) {
  const std::string prefix = "output." + name + ".";
  const at::Tensor& tensor = chosen(declaration, prefix, results);
  if (tensor.is_complex() || tensor.is_quantized() || tensor.layout() != at::kStrided) {
    sdk::fail(LAT_INVALID_ARGUMENT, "the module returns ", tensor.toString(), " for ", name,
              "; let it return ordinary numbers");
  }
  require_layout(tensor, declaration.layout, prefix);
  const at::Tensor rows = rearranged(tensor.to(at::kCPU, at::kFloat), declaration.layout);
  const bool fits = rows.size(1) == declaration.shape[1] && rows.size(0) >= 1 &&
                    (declaration.shape[0] < 0 || declaration.shape[0] == rows.size(0));
  if (!fits) {
    sdk::fail(LAT_INVALID_ARGUMENT, "option ", prefix, name == "scores" ? "layout" : "shape", ": ",
              text_of(declaration.shape), " is declared, the module gives ", text_of(rows.sizes().vec()),
              " from ", text_of(tensor.sizes().vec()), " by \"", declaration.layout.text, "\"");
  }
  return rows;
}

}  // namespace lateral::plugins
