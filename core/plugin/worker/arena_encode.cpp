#include "core/plugin/worker/arena_encode.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "core/plugin/encode_call.hpp"
#include "core/plugin/status.hpp"
#include "core/plugin/tensor.hpp"
#include "core/plugin/worker/arena_layout.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr std::size_t kPage = 4096;

/// Tensors in the arena, and the places behind them where nobody may write.
class Tensors {
 public:
  explicit Tensors(std::byte* arena) : arena_(arena) {}

  lat_tensor* add(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape,
                  std::uint32_t flags, std::size_t offset) {
    const std::size_t bytes = bytes_of(name, dtype, shape);
    if ((flags & LAT_TENSOR_ZERO_FILLED) != 0) std::memset(arena_ + offset, 0, bytes);
    canaries_.emplace_back(arena_ + offset + bytes, ArenaLayout::kCanaryBytes);
    set_canary(canaries_.back());
    views_.push_back(std::make_unique<TensorView>(name, dtype, shape, flags, arena_ + offset));
    return views_.back()->abi();
  }
  /// The page that the last tensor ends on is there to its end, whatever the size of the arena.
  void add_tail(std::size_t end) {
    canaries_.emplace_back(arena_ + end, (end + kPage - 1) / kPage * kPage - end);
    set_canary(canaries_.back());
  }
  bool intact() const { return std::all_of(canaries_.begin(), canaries_.end(), &canary_intact); }

 private:
  std::byte* arena_;
  std::vector<std::unique_ptr<TensorView>> views_;
  std::vector<std::span<std::byte>> canaries_;
};

std::vector<const lat_tensor*> place_inputs(const EncoderSpec& spec, const EncodeRequest& request,
                                            Tensors& tensors) {
  std::vector<const lat_tensor*> in;
  for (const auto& place : request.inputs) {
    const auto& input = spec.inputs.at(place.input);
    auto* const tensor = tensors.add(input.name, input.dtype, place.shape, LAT_TENSOR_READONLY, place.offset);
    tensor->t_ns = place.time_ns;
    in.push_back(tensor);
  }
  return in;
}

}  // namespace

EncodeReply encode_in_arena(const lat_plugin& functions, const EncoderSpec& spec,
                            const EncodeRequest& request, Lane& lane) {
  Tensors tensors(lane.arena());
  const auto in = place_inputs(spec, request, tensors);
  const lat_plan plan = call_plan(functions, spec, request.handle, in);
  ArenaLayout layout(request.outputs_at);
  std::vector<std::size_t> offsets;
  const auto outputs = outputs_of(spec);
  for (const auto& output : outputs)
    offsets.push_back(layout.place(std::size_t{plan.n_tokens} * output.width * sizeof(float)));
  if (layout.end() > request.arena_bytes) return {plan.n_tokens, 0};

  std::vector<lat_tensor*> out;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    out.push_back(tensors.add(outputs[i].name, DType::F32, {plan.n_tokens, outputs[i].width},
                              LAT_TENSOR_ZERO_FILLED, offsets[i]));
  }
  tensors.add_tail(layout.end());
  std::optional<OwnedTensor> workspace;  // the host has no use for it
  if (plan.workspace_bytes > 0) {
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(plan.workspace_bytes)};
    workspace.emplace("workspace", DType::U8, shape, LAT_TENSOR_ZERO_FILLED);
  }
  const auto outcome =
      call_encode(functions, request.handle,
                  {.request = request.request,
                   .deadline_ns = request.deadline_ns,
                   .cancel_word = reinterpret_cast<const std::uint32_t*>(&lane.header().cancel),
                   .in = in,
                   .out = out,
                   .workspace = workspace ? workspace->abi() : nullptr});
  if (!tensors.intact() || (workspace && !workspace->buffer().intact())) throw Overrun{};
  throw_unless_ok(outcome.status, outcome.text, "encode");
  require_tokens(spec, outcome.n_tokens, plan.n_tokens);
  return {plan.n_tokens, outcome.n_tokens};
}

}  // namespace lateral::plugin::worker
