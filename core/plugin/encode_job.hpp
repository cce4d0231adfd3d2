#pragma once
// One encode with everything it touches: copies of the inputs, the outputs, the cancel word. Because it owns
// them all, a call that hangs harms nobody when its caller goes on without it.

#include <lateral/plugin.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/sample.hpp"

namespace lateral::plugin {

/// A tensor of the ABI with its own memory. Neither copied nor moved: it points into itself.
class OwnedTensor {
 public:
  OwnedTensor(std::string name, DType dtype, std::vector<std::int64_t> shape, std::uint32_t flags);
  OwnedTensor(const OwnedTensor&) = delete;
  OwnedTensor& operator=(const OwnedTensor&) = delete;

  lat_tensor* view() noexcept { return &view_; }
  AlignedBuffer& buffer() noexcept { return buffer_; }
  const std::string& name() const noexcept { return name_; }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }

 private:
  std::string name_;
  std::vector<std::int64_t> shape_;
  AlignedBuffer buffer_;
  lat_tensor view_{};
};

/// A copy of `input` in the form that `spec` declares, with its columns picked and ordered. Throws
/// InvalidArgument naming what does not fit.
std::unique_ptr<OwnedTensor> bind_input(const InputSpec& spec, const Input& input);

class EncodeJob {
 public:
  /// Matches inputs by name, checks and copies them. Throws InvalidArgument or NotFound naming the input.
  EncodeJob(const EncoderSpec& spec, std::span<const Input> inputs, std::uint64_t deadline_ns);
  EncodeJob(const EncodeJob&) = delete;
  EncodeJob& operator=(const EncodeJob&) = delete;

  /// plan, allocate, encode. Runs plugin code.
  /// Throws what the plugin reported, or PluginFault for a broken contract.
  void run(const lat_plugin& functions, std::uint64_t handle);

  /// The result, after run() returned; checked for finite numbers. Throws PluginFault.
  Tokens take();

  std::uint64_t request() const noexcept { return request_; }
  /// Any thread.
  void cancel() noexcept { cancel_word_.store(1, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancel_word_.load(std::memory_order_relaxed) != 0; }
  /// True when run() found memory written that was not the plugin's.
  bool overran() const noexcept { return overran_; }

 private:
  void plan(const lat_plugin& functions, std::uint64_t handle);
  void allocate();
  Matrix take_rows(OwnedTensor& output) const;

  EncoderSpec spec_;
  std::uint64_t request_;
  std::uint64_t deadline_ns_;
  std::atomic<std::uint32_t> cancel_word_{0};
  std::vector<std::unique_ptr<OwnedTensor>> inputs_;
  std::vector<std::unique_ptr<OwnedTensor>> outputs_;
  std::unique_ptr<OwnedTensor> workspace_;
  std::vector<const lat_tensor*> in_;
  std::vector<lat_tensor*> out_;
  lat_plan plan_{};
  std::uint32_t n_tokens_ = 0;
  bool overran_ = false;
};

}  // namespace lateral::plugin
