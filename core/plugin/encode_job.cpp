#include "core/plugin/encode_job.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/status.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kMaxWorkspace = std::uint64_t{16} << 30U;
static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
              std::atomic<std::uint32_t>::is_always_lock_free);

template <typename... Parts>
[[noreturn]] void breach(const EncoderSpec& spec, const Parts&... parts) {
  fail(Errc::PluginFault, spec.name, parts...);
}

std::uint64_t next_request() {
  static std::atomic<std::uint64_t> count{0};
  return ++count;
}

/// The largest magnitude; NaN and infinity give infinity. One pass, which the compiler vectorises: the
/// exponent of everything that is not finite is the largest there is.
float largest(std::span<const float> values) {
  float top = 0;
  for (const float value : values) {
    const float magnitude = std::fabs(value);
    top = magnitude <= top ? top : magnitude;  // NaN compares false and is taken
    if (!(top <= 3.4028234e38F)) return INFINITY;
  }
  return top;
}

}  // namespace

EncodeJob::EncodeJob(const EncoderSpec& spec, std::span<const Input> inputs, std::uint64_t deadline_ns)
    : spec_(spec), request_(next_request()), deadline_ns_(deadline_ns) {
  for (const auto& wanted : spec_.inputs) {
    const auto given =
        std::find_if(inputs.begin(), inputs.end(), [&](const Input& i) { return i.name == wanted.name; });
    if (given != inputs.end()) {
      inputs_.push_back(bind_input(wanted, *given));
      in_.push_back(inputs_.back()->view());
    } else if (!wanted.optional) {
      fail(Errc::NotFound, spec_.name, "needs the input \"", wanted.name, "\" (", name_of(wanted.kind), ")");
    }
  }
  for (const auto& given : inputs) {
    const bool known = std::any_of(spec_.inputs.begin(), spec_.inputs.end(),
                                   [&](const InputSpec& wanted) { return wanted.name == given.name; });
    if (!known) fail(Errc::InvalidArgument, spec_.name, "has no input \"", given.name, "\"");
  }
}

void EncodeJob::run(const lat_plugin& functions, std::uint64_t handle) {
  plan(functions, handle);
  allocate();
  lat_encode args{};
  args.struct_size = sizeof args;
  args.request = request_;
  args.in = in_.data();
  args.n_in = static_cast<std::uint32_t>(in_.size());
  args.out = out_.data();
  args.n_out = static_cast<std::uint32_t>(out_.size());
  args.device_type = LAT_DEVICE_CPU;
  args.cancel_word = reinterpret_cast<const std::uint32_t*>(&cancel_word_);
  args.deadline_ns = deadline_ns_;
  args.workspace = workspace_ ? workspace_->view() : nullptr;
  args.n_tokens = &n_tokens_;
  ErrorText text;
  const std::int32_t status = functions.encode(handle, &args, text.err());
  const auto written_over = [](auto& tensor) { return !tensor->buffer().intact(); };
  overran_ = std::any_of(outputs_.begin(), outputs_.end(), written_over) ||
             std::any_of(inputs_.begin(), inputs_.end(), written_over) ||
             (workspace_ && written_over(workspace_));
  if (overran_) breach(spec_, "wrote past the end of a tensor");
  throw_unless_ok(status, text, "encode");
  if (n_tokens_ == 0 || n_tokens_ > plan_.n_tokens) {
    breach(spec_, "gave ", n_tokens_, " tokens; its plan allows 1 to ", plan_.n_tokens);
  }
}

void EncodeJob::plan(const lat_plugin& functions, std::uint64_t handle) {
  plan_.struct_size = sizeof plan_;
  ErrorText text;
  const auto status =
      functions.plan(handle, in_.data(), static_cast<std::uint32_t>(in_.size()), &plan_, text.err());
  throw_unless_ok(status, text, "plan");
  if (plan_.n_tokens == 0 || plan_.n_tokens > spec_.max_tokens) {
    breach(spec_, "plans ", plan_.n_tokens, " tokens; it declared 1 to ", spec_.max_tokens);
  }
  if (plan_.workspace_bytes > kMaxWorkspace)
    breach(spec_, "plans ", plan_.workspace_bytes, " bytes of workspace");
}

void EncodeJob::allocate() {
  const auto add = [&](const std::string& name, std::uint32_t width) {
    const std::vector<std::int64_t> shape{plan_.n_tokens, width};
    outputs_.push_back(std::make_unique<OwnedTensor>(name, DType::F32, shape, LAT_TENSOR_ZERO_FILLED));
    out_.push_back(outputs_.back()->view());
  };
  add("tokens", spec_.token_width);
  for (const auto& extra : spec_.extras) add(extra.name, extra.width);
  if (plan_.workspace_bytes > 0) {
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(plan_.workspace_bytes)};
    workspace_ = std::make_unique<OwnedTensor>("workspace", DType::U8, shape, LAT_TENSOR_ZERO_FILLED);
  }
}

Matrix EncodeJob::take_rows(OwnedTensor& output) const {
  Matrix matrix{std::move(output.buffer()), n_tokens_, output.shape()[1]};
  const float top = largest(matrix.values());
  if (!std::isfinite(top)) breach(spec_, "gave ", output.name(), " that are not finite");
  if (output.name() == "tokens" && spec_.token_limit > 0 && static_cast<double>(top) > spec_.token_limit) {
    breach(spec_, "gave a token component of magnitude ", top, "; it declared at most ", spec_.token_limit);
  }
  return matrix;
}

Tokens EncodeJob::take() {
  Tokens result;
  result.token_space = spec_.token_space;
  for (auto& output : outputs_) {
    Matrix matrix = take_rows(*output);
    if (output->name() == "tokens")
      result.tokens = std::move(matrix);
    else if (output->name() == "scores")
      result.scores = std::move(matrix);
    else if (output->name() == "keys")
      result.keys = std::move(matrix);
    else
      result.positions = std::move(matrix);
  }
  if (const auto* const positions = spec_.extra("positions")) result.position_axes = positions->axes;
  return result;
}

}  // namespace lateral::plugin
