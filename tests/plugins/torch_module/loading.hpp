#pragma once
// torch-module as a host loads it, with options, in either isolation.

#include <ATen/ATen.h>

#include <cstring>
#include <memory>
#include <string>

#include "core/plugin/plugin_host.hpp"
#include "core/tensor/settings.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {

inline constexpr int kThreads = 2;

inline plugin::LoadOptions thread_with(plugin::OptionMap options) {
  return {.options = std::move(options), .isolation = plugin::Isolation::Thread};
}

inline plugin::LoadOptions process_with(plugin::OptionMap options, bool sandbox = false) {
  return {.options = std::move(options),
          .isolation = plugin::Isolation::Process,
          .worker = {.sandbox = sandbox, .threads = kThreads}};
}

/// One loaded torch-module and its encoder.
class Loaded {
 public:
  explicit Loaded(plugin::LoadOptions options) : host_({build_folder() / "lib/lateral"}) {
    tensor::fix_threads(kThreads);
    host_.load("torch-module", std::move(options));
    encoder_ = host_.make_encoder("torch-module");
  }

  plugin::Tokens encode(const std::vector<plugin::Input>& inputs,
                        std::chrono::milliseconds timeout = std::chrono::seconds(60)) const {
    return encoder_->encode(inputs, {.timeout = timeout, .cancel = {}});
  }
  const plugin::EncoderSpec& spec() const { return encoder_->spec(); }
  plugin::Isolation isolation() const { return host_.revision("torch-module")->isolation(); }
  plugin::UnloadReport unload() {
    encoder_.reset();
    return host_.unload("torch-module");
  }

 private:
  plugin::PluginHost host_;
  std::unique_ptr<plugin::Encoder> encoder_;
};

/// The tensor must outlive the input.
inline plugin::Input input_of(const std::string& name, plugin::InputKind kind, const at::Tensor& tensor,
                              double rate_hz = 0) {
  const auto type = tensor.scalar_type() == at::kByte ? plugin::DType::U8 : plugin::DType::F32;
  return {name, kind, type, tensor.sizes().vec(), tensor.const_data_ptr(), {}, rate_hz};
}

inline at::Tensor as_tensor(const plugin::Matrix& matrix) {
  at::Tensor tensor = at::empty({matrix.rows, matrix.width});
  std::memcpy(tensor.mutable_data_ptr(), matrix.values().data(), matrix.values().size_bytes());
  return tensor;
}

/// The largest difference of any two numbers.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : INFINITY;
}

}  // namespace lateral::test
