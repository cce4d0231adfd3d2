#include "core/conformance/encode_call.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lateral::conformance {
namespace {

constexpr std::uint64_t kMaxWorkspace = std::uint64_t{16} << 30U;

std::uint64_t next_request() {
  static std::atomic<std::uint64_t> count{0};
  return ++count;
}

}  // namespace

EncodeCall::EncodeCall(const plugin::EncoderSpec& spec, const Sample& sample, CallForm form)
    : spec_(spec),
      form_(form),
      frame_("the structs of a call", form.extra),
      request_(next_request()),
      n_tokens_(frame_.make<std::uint32_t>()),
      cancel_word_(frame_.make<std::uint32_t>()),
      plan_(frame_.make<lat_plan>()) {
  *cancel_word_ = form_.cancelled ? 1 : 0;
  for (const auto& input : sample.inputs) {
    auto memory = std::make_unique<GuardedMemory>("the read-only input \"" + input.spec->name + "\"",
                                                  input.bytes.size(), form_.side);
    if (!input.bytes.empty()) std::memcpy(memory->data(), input.bytes.data(), input.bytes.size());
    in_.push_back(
        make_tensor(input.spec->name, input.spec->dtype, input.shape, *memory, LAT_TENSOR_READONLY));
    memory->allow(GuardedMemory::Access::Read);
    inputs_.push_back(std::move(memory));
  }
  in_list_ = frame_.copy(std::span<const lat_tensor* const>(in_));
}

lat_tensor* EncodeCall::make_tensor(const std::string& name, plugin::DType dtype,
                                    std::vector<std::int64_t> shape, GuardedMemory& memory,
                                    std::uint32_t flags) {
  auto* const tensor = frame_.make<lat_tensor>();
  tensor->flags = flags;
  tensor->dl.data = memory.data();
  tensor->dl.device_type = LAT_DEVICE_CPU;
  tensor->dl.ndim = static_cast<std::int32_t>(shape.size());
  tensor->dl.dtype_code = dtype == plugin::DType::U8 ? 1 : 2;
  tensor->dl.dtype_bits = dtype == plugin::DType::U8 ? 8 : 32;
  tensor->dl.dtype_lanes = 1;
  tensor->dl.shape = frame_.copy(std::span<const std::int64_t>(shape));
  tensor->capacity_bytes = memory.size();
  tensor->name = frame_.copy(name);
  given_.push_back({tensor, *tensor, std::move(shape)});
  return tensor;
}

Answer EncodeCall::plan(Subject& subject, std::uint64_t handle) {
  return subject.ask("plan", [&](lat_err* err) {
    return subject.functions().plan(handle, in_list_, static_cast<std::uint32_t>(in_.size()), plan_, err);
  });
}

void EncodeCall::check_plan() const {
  if (plan_->n_tokens == 0 || plan_->n_tokens > spec_.max_tokens) {
    breach("plan says ", plan_->n_tokens, " tokens; the encoder declares 1 to ", spec_.max_tokens);
  }
  if (plan_->workspace_bytes > kMaxWorkspace) {
    breach("plan wants ", plan_->workspace_bytes, " bytes of workspace; the host gives at most ",
           kMaxWorkspace);
  }
}

void EncodeCall::add_output(const std::string& name, std::uint32_t width) {
  const std::size_t count = std::size_t{plan_->n_tokens} * width;
  auto memory =
      std::make_unique<GuardedMemory>("the output \"" + name + "\"", count * sizeof(float), form_.side);
  for (std::size_t i = 0; form_.prefill != 0 && i < count; ++i) {
    std::memcpy(memory->data() + i * sizeof(float), &form_.prefill, sizeof form_.prefill);
  }
  const std::uint32_t flags = form_.prefill == 0 ? LAT_TENSOR_ZERO_FILLED : 0;
  out_.push_back(make_tensor(name, plugin::DType::F32, {plan_->n_tokens, width}, *memory, flags));
  outputs_.push_back({name, width, std::move(memory)});
}

Answer EncodeCall::encode(Subject& subject, std::uint64_t handle) {
  check_plan();
  add_output("tokens", spec_.token_width);
  for (const auto& extra : spec_.extras) add_output(extra.name, extra.width);
  auto* const args = frame_.make<lat_encode>();
  if (plan_->workspace_bytes > 0) {
    workspace_ = std::make_unique<GuardedMemory>("the workspace", plan_->workspace_bytes, form_.side);
    args->workspace =
        make_tensor("workspace", plugin::DType::U8, {static_cast<std::int64_t>(workspace_->size())},
                    *workspace_, LAT_TENSOR_ZERO_FILLED);
  }
  args->request = request_;
  args->in = in_list_;
  args->n_in = static_cast<std::uint32_t>(in_.size());
  args->out = frame_.copy(std::span<lat_tensor* const>(out_));
  args->n_out = static_cast<std::uint32_t>(out_.size());
  args->device_type = LAT_DEVICE_CPU;
  args->cancel_word = cancel_word_;
  args->deadline_ns = form_.deadline_ns;
  args->n_tokens = n_tokens_;
  return subject.ask("encode", [&](lat_err* err) { return subject.functions().encode(handle, args, err); });
}

Answer EncodeCall::run(Subject& subject, std::uint64_t handle) {
  Answer answer = plan(subject, handle);
  return answer.ok() ? encode(subject, handle) : answer;
}

void EncodeCall::check_counts() const {
  if (*n_tokens_ == 0 || *n_tokens_ > plan_->n_tokens) {
    breach("encode gave ", *n_tokens_, " tokens; its plan allows 1 to ", plan_->n_tokens);
  }
}

void EncodeCall::check_borders() const {
  const auto check = [](const GuardedMemory& memory) {
    if (!memory.slack_intact()) breach("encode wrote beside ", memory.name());
  };
  for (const auto& input : inputs_) check(*input);
  for (const auto& output : outputs_) check(*output.memory);
  if (workspace_) check(*workspace_);
  if (!frame_.tails_intact()) breach("it wrote behind the fields it knows, into the tail of a longer struct");
}

void EncodeCall::check_tensors(const char* function) const {
  for (const auto& given : given_) {
    const std::string which = std::string(" of \"") + given.fields.name + "\"";
    if (!std::equal(given.shape.begin(), given.shape.end(), given.fields.dl.shape))
      breach(function, " wrote to the shape", which);
    if (std::memcmp(given.tensor, &given.fields, sizeof given.fields) != 0)
      breach(function, " changed fields of the lat_tensor", which);
  }
}

std::span<const float> EncodeCall::values(const Output& output) const {
  return {reinterpret_cast<const float*>(output.memory->data()), std::size_t{*n_tokens_} * output.width};
}

std::vector<std::size_t> EncodeCall::unwritten(const Output& output) const {
  std::vector<std::size_t> result;
  const auto numbers = values(output);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &numbers[i], sizeof bits);
    if (bits == form_.prefill) result.push_back(i);
  }
  return result;
}

std::vector<std::uint32_t> EncodeCall::bits() const {
  std::vector<std::uint32_t> result{*n_tokens_};
  for (const auto& output : outputs_) {
    const auto numbers = values(output);
    const std::size_t begin = result.size();
    result.resize(begin + numbers.size());
    if (!numbers.empty()) std::memcpy(result.data() + begin, numbers.data(), numbers.size_bytes());
  }
  return result;
}

void EncodeCall::withdraw() {
  const auto take = [](GuardedMemory& memory) {
    memory.rename(memory.name() + " of a call that had returned");
    memory.allow(GuardedMemory::Access::None);
  };
  for (auto& input : inputs_) take(*input);
  for (auto& output : outputs_) take(*output.memory);
  if (workspace_) take(*workspace_);
  take(frame_.memory());
}

}  // namespace lateral::conformance
