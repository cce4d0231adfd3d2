// Encoding in a worker, on the host's side.
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/log.hpp"
#include "core/plugin/encode_call.hpp"
#include "core/plugin/input_binding.hpp"
#include "core/plugin/worker/client_ask.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr std::chrono::milliseconds kLook{2};
/// Room for outputs that is there before anything was planned; more comes when a plan needs it.
constexpr std::size_t kFirstRoom = std::size_t{64} << 10U;

std::uint64_t nanoseconds(Clock::time_point time) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

std::uint32_t index_of(const EncoderSpec& spec, const InputSpec& input) {
  return static_cast<std::uint32_t>(&input - spec.inputs.data());
}

ArenaLayout with_outputs(const EncodeRequest& request, const EncoderSpec& spec, std::uint32_t planned) {
  ArenaLayout layout(request.outputs_at);
  for (const auto& output : outputs_of(spec))
    layout.place(std::size_t{planned} * output.width * sizeof(float));
  return layout;
}

/// Writes the inputs straight into the memory that the worker sees: their only copy.
void place_inputs(const std::vector<InputBinding>& inputs, const EncoderSpec& spec, EncodeRequest& request,
                  Lane& lane) {
  ArenaLayout layout;
  for (const auto& input : inputs) {
    request.inputs.push_back({index_of(spec, input.spec()), input.shape(),
                              layout.place(std::min(input.bytes(), Lane::kMaxArena)), input.time_ns()});
  }
  request.outputs_at = layout.end();
  lane.grow(layout.end() + kFirstRoom);
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i].write(lane.arena() + request.inputs[i].offset);
}

}  // namespace

/// Who waits for an encode, and how long.
struct Client::Running {
  Clock::time_point until;
  const EncodeOptions& options;
  const std::atomic<bool>& stop;

  bool cancelled() const { return stop || (options.cancel && options.cancel->cancelled()); }
  bool over() const { return cancelled() || Clock::now() >= until; }
  Errc code() const { return cancelled() ? Errc::Cancelled : Errc::DeadlineExceeded; }
  std::string_view why() const { return cancelled() ? "encode was cancelled" : "encode took too long"; }
};

Tokens Client::encode(std::uint32_t encoder, std::uint64_t handle, std::span<const Input> inputs,
                      const EncodeOptions& options, const std::atomic<bool>& stop) {
  const EncoderSpec& spec = encoders_[encoder];
  const Running running{Clock::now() + options.timeout, options, stop};
  const auto bound = bind_inputs(spec, inputs);
  const LaneBook::Hold hold(book_, book_.take(spec.reentrant, [&] {
    if (gone()) died();
    if (running.over()) fail(running.code(), id_, running.why(), " before it began");
  }));
  Lane& lane = process_.lane(hold.lane());
  EncodeRequest request;
  request.encoder = encoder;
  request.handle = handle;
  request.request = next_request();
  request.deadline_ns = nanoseconds(running.until);
  place_inputs(bound, spec, request, lane);
  request.arena_bytes = lane.arena_bytes();
  auto reply = encode_in(lane, request, running);
  if (reply.n_tokens == 0) {
    require_planned(spec, reply.planned);
    lane.grow(with_outputs(request, spec, reply.planned).end());
    request.arena_bytes = lane.arena_bytes();
    reply = encode_in(lane, request, running);
  }
  return copy_tokens(lane, spec, request, reply);
}

EncodeReply Client::encode_in(Lane& lane, const EncodeRequest& request, const Running& running) {
  const Asking asking(*this, "encode");
  Writer out;
  write(out.number(static_cast<std::uint32_t>(Question::Encode)), request);
  lane.ask(out.bytes());
  await(lane, request, running);
  return parse_answer<EncodeReply>(lane.answer(), [this](const Failure& failure) { refuse(failure); });
}

void Client::await(Lane& lane, const EncodeRequest& request, const Running& running) {
  while (!running.over()) {
    if (wait(lane, std::min(running.until, Clock::now() + kLook))) return;
  }
  const Errc code = running.code();
  const auto why = running.why();
  lane.header().cancel.store(1, std::memory_order_relaxed);
  hint_cancel(request);
  if (!wait(lane, Clock::now() + timeouts_.grace)) {
    condemn("did not return from encode");
    fail(code, id_, why, " and did not stop; its worker was killed");
  }
  fail(code, id_, why);
}

void Client::hint_cancel(const EncodeRequest& request) {
  if (!loaded_.cancels) return;
  const std::unique_lock only(cancel_mutex_, std::try_to_lock);
  if (!only.owns_lock()) return;  // a hint; the cancel word has said it
  try {
    ask<Nothing>(process_.lane(1), Question::Cancel, CancelRequest{request.handle, request.request}, "cancel",
                 Clock::now() + timeouts_.grace);
  } catch (const std::exception& error) {
    // The encode still runs, and the lane is its: whoever called must go on waiting for it.
    log::debug("plugin", id_, ": cancel: ", error.what());
  }
}

Tokens Client::copy_tokens(Lane& lane, const EncoderSpec& spec, const EncodeRequest& request,
                           const EncodeReply& reply) {
  require_planned(spec, reply.planned);
  require_tokens(spec, reply.n_tokens, reply.planned);
  if (with_outputs(request, spec, reply.planned).end() > lane.arena_bytes())
    fail(Errc::PluginFault, id_, "its worker claims outputs beyond the arena");
  // Copied out first and checked afterwards: a worker could still write, and what was checked must be what is used.
  std::vector<Matrix> outputs;
  ArenaLayout layout(request.outputs_at);
  for (const auto& output : outputs_of(spec)) {
    const std::size_t at = layout.place(std::size_t{reply.planned} * output.width * sizeof(float));
    const std::size_t bytes = std::size_t{reply.n_tokens} * output.width * sizeof(float);
    Matrix matrix{AlignedBuffer(bytes), reply.n_tokens, output.width};
    std::memcpy(matrix.buffer.data(), lane.arena() + at, bytes);
    outputs.push_back(std::move(matrix));
  }
  return collect(spec, std::move(outputs));
}

}  // namespace lateral::plugin::worker
