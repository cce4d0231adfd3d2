#pragma once
// plan and encode of one sample, in guarded memory, with everything that can be seen of it afterwards.

#include <lateral/plugin.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/conformance/frame.hpp"
#include "core/conformance/guarded_memory.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {

/// How the memory of a call is laid out.
struct CallForm {
  GuardedMemory::Side side = GuardedMemory::Side::Right;
  std::uint32_t prefill =
      0;  ///< outputs begin as this bit pattern in every number; 0 = zero-filled, and said so
  std::uint32_t extra = 0;  ///< bytes by which every struct is longer
  std::uint64_t deadline_ns = 0;
  bool cancelled = false;  ///< the cancel word is set from the beginning
};

/// Neither copied nor moved. Runs plugin code where a Subject is passed.
class EncodeCall {
 public:
  EncodeCall(const plugin::EncoderSpec& spec, const Sample& sample, CallForm form = {});

  /// Asks for the plan. Does not judge it.
  Answer plan(Subject& subject, std::uint64_t handle);
  /// Instead of plan().
  void assume_plan(std::uint32_t n_tokens, std::uint64_t workspace_bytes = 0) noexcept {
    plan_->n_tokens = n_tokens;
    plan_->workspace_bytes = workspace_bytes;
  }
  /// Makes the outputs that were planned, and encodes. Throws Breach for a plan that the host would refuse.
  Answer encode(Subject& subject, std::uint64_t handle);
  /// Both; the first answer that is not LAT_OK.
  Answer run(Subject& subject, std::uint64_t handle);

  const lat_plan& planned() const noexcept { return *plan_; }
  std::uint32_t n_tokens() const noexcept { return *n_tokens_; }
  std::atomic_ref<std::uint32_t> cancel_word() noexcept { return std::atomic_ref(*cancel_word_); }
  std::uint64_t request() const noexcept { return request_; }

  /// One output, e.g. "tokens", of which only the rows that the plugin gave count.
  struct Output {
    std::string name;
    std::uint32_t width = 0;
    std::unique_ptr<GuardedMemory> memory;
  };
  const std::vector<Output>& outputs() const noexcept { return outputs_; }
  /// The numbers of `output` that count. REQUIRES: encode returned LAT_OK, check_counts passed.
  std::span<const float> values(const Output& output) const;
  /// Indices of those that still hold the prefill, ascending.
  std::vector<std::size_t> unwritten(const Output& output) const;
  /// All numbers of all outputs that count, as bits, to compare.
  std::vector<std::uint32_t> bits() const;

  /// Throws Breach unless the plan is one that the host accepts.
  void check_plan() const;
  /// Throws Breach unless 1 <= n_tokens <= planned.
  void check_counts() const;
  /// Throws Breach when a pattern beside a buffer, or behind the fields of a struct, is gone.
  void check_borders() const;
  /// Throws Breach when `function` changed a tensor's fields or shape.
  void check_tensors(const char* function) const;
  /// Nobody may touch the memory of this call any more.
  void withdraw();

 private:
  lat_tensor* make_tensor(const std::string& name, plugin::DType dtype, std::vector<std::int64_t> shape,
                          GuardedMemory& memory, std::uint32_t flags);
  void add_output(const std::string& name, std::uint32_t width);

  const plugin::EncoderSpec& spec_;
  CallForm form_;
  Frame frame_;
  std::uint64_t request_;
  std::uint32_t* n_tokens_;
  std::uint32_t* cancel_word_;
  lat_plan* plan_;
  std::vector<std::unique_ptr<GuardedMemory>> inputs_;
  std::vector<const lat_tensor*> in_;
  const lat_tensor* const* in_list_ = nullptr;
  std::vector<Output> outputs_;
  std::vector<lat_tensor*> out_;
  std::unique_ptr<GuardedMemory> workspace_;
  /// As they were given.
  struct Given {
    const lat_tensor* tensor;
    lat_tensor fields;
    std::vector<std::int64_t> shape;
  };
  std::vector<Given> given_;
};

}  // namespace lateral::conformance
