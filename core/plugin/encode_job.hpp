#pragma once
// One encode in a thread with everything it touches: copies of the inputs, the outputs, the cancel word.
// Because it owns them all, a call that hangs harms nobody when its caller goes on without it.

#include <lateral/plugin.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/sample.hpp"
#include "core/plugin/tensor.hpp"

namespace lateral::plugin {

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
  void allocate(const lat_plan& plan);
  bool memory_intact();

  EncoderSpec spec_;
  std::uint64_t request_;
  std::uint64_t deadline_ns_;
  std::atomic<std::uint32_t> cancel_word_{0};
  std::vector<std::unique_ptr<OwnedTensor>> inputs_;
  std::vector<std::unique_ptr<OwnedTensor>> outputs_;
  std::unique_ptr<OwnedTensor> workspace_;
  std::vector<const lat_tensor*> in_;
  std::vector<lat_tensor*> out_;
  std::uint32_t n_tokens_ = 0;
  bool overran_ = false;
};

}  // namespace lateral::plugin
