#include "core/plugin/encode_job.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/encode_call.hpp"
#include "core/plugin/input_binding.hpp"
#include "core/plugin/status.hpp"

namespace lateral::plugin {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
              std::atomic<std::uint32_t>::is_always_lock_free);

EncodeJob::EncodeJob(const EncoderSpec& spec, std::span<const Input> inputs, std::uint64_t deadline_ns)
    : spec_(spec), request_(next_request()), deadline_ns_(deadline_ns) {
  for (const auto& bound : bind_inputs(spec_, inputs)) {
    inputs_.push_back(std::make_unique<OwnedTensor>(bound.spec().name, bound.spec().dtype, bound.shape(),
                                                    LAT_TENSOR_READONLY));
    bound.write(inputs_.back()->buffer().data());
    inputs_.back()->abi()->t_ns = bound.time_ns();
    in_.push_back(inputs_.back()->abi());
  }
}

void EncodeJob::run(const lat_plugin& functions, std::uint64_t handle) {
  const lat_plan plan = call_plan(functions, spec_, handle, in_);
  allocate(plan);
  const auto outcome = call_encode(functions, handle,
                                   {.request = request_,
                                    .deadline_ns = deadline_ns_,
                                    .cancel_word = reinterpret_cast<const std::uint32_t*>(&cancel_word_),
                                    .in = in_,
                                    .out = out_,
                                    .workspace = workspace_ ? workspace_->abi() : nullptr});
  overran_ = !memory_intact();
  if (overran_) fail(Errc::PluginFault, spec_.name, "wrote past the end of a tensor");
  throw_unless_ok(outcome.status, outcome.text, "encode");
  require_tokens(spec_, outcome.n_tokens, plan.n_tokens);
  n_tokens_ = outcome.n_tokens;
}

void EncodeJob::allocate(const lat_plan& plan) {
  for (const auto& output : outputs_of(spec_)) {
    const std::vector<std::int64_t> shape{plan.n_tokens, output.width};
    outputs_.push_back(std::make_unique<OwnedTensor>(output.name, DType::F32, shape, LAT_TENSOR_ZERO_FILLED));
    out_.push_back(outputs_.back()->abi());
  }
  if (plan.workspace_bytes > 0) {
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(plan.workspace_bytes)};
    workspace_ = std::make_unique<OwnedTensor>("workspace", DType::U8, shape, LAT_TENSOR_ZERO_FILLED);
  }
}

bool EncodeJob::memory_intact() {
  const auto intact = [](auto& tensor) { return tensor->buffer().intact(); };
  return std::all_of(outputs_.begin(), outputs_.end(), intact) &&
         std::all_of(inputs_.begin(), inputs_.end(), intact) && (!workspace_ || intact(workspace_));
}

Tokens EncodeJob::take() {
  // Widths as declared: the shapes lay open to the plugin.
  const auto declared = outputs_of(spec_);
  std::vector<Matrix> matrices;
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    matrices.push_back({std::move(outputs_[i]->buffer()), n_tokens_, declared[i].width});
  return collect(spec_, std::move(matrices));
}

}  // namespace lateral::plugin
