#include "core/model/session.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::model {
namespace {

at::Tensor to_tensor(std::span<const std::int64_t> values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<std::int64_t>());
  return tensor;
}

void check_prompts(const Decoder& decoder, const std::vector<Ids>& prompts) {
  if (prompts.empty()) fail(Errc::InvalidArgument, "generate", "no prompt");
  for (const Ids& prompt : prompts) {
    if (prompt.empty()) fail(Errc::InvalidArgument, "generate", "an empty prompt; begin it with a BOS id");
    if (static_cast<std::int64_t>(prompt.size()) > decoder.spec().max_positions) {
      fail(Errc::InvalidArgument, "generate", "a prompt of ", prompt.size(), " tokens; the model has ",
           decoder.spec().max_positions, " positions");
    }
  }
}

std::int64_t longest(const std::vector<Ids>& prompts) {
  std::size_t most = 0;
  for (const Ids& prompt : prompts) most = std::max(most, prompt.size());
  return static_cast<std::int64_t>(most);
}

}  // namespace

Prefix make_prefix(const Decoder& decoder, const std::vector<Ids>& prompts, std::int64_t first_block,
                   std::int64_t room_for_new_tokens) {
  check_prompts(decoder, prompts);
  const at::NoGradGuard no_gradients;
  const auto batch = static_cast<std::int64_t>(prompts.size());
  const std::int64_t columns = longest(prompts);
  at::Tensor ids = at::zeros({batch, columns}, at::kLong);  // padding runs as token 0, which nothing sees
  at::Tensor valid = at::zeros({batch, columns}, at::kBool);
  for (std::int64_t row = 0; row < batch; ++row) {
    const Ids& prompt = prompts[static_cast<std::size_t>(row)];
    const auto length = static_cast<std::int64_t>(prompt.size());
    ids[row].narrow(0, columns - length, length).copy_(to_tensor(prompt));
    valid[row].narrow(0, columns - length, length).fill_(true);
  }
  Prefix prefix{.prompts = prompts,
                .positions = {},
                .valid = {},
                .hidden = {},
                .first_block = first_block,
                .cache = KvCache(decoder.spec(), columns + room_for_new_tokens)};
  const auto device = decoder.options().device();
  if (valid.all().item<bool>()) {
    prefix.positions = at::arange(columns, at::kLong).unsqueeze(0).to(device);
  } else {
    prefix.positions = positions_of(valid).to(device);
    prefix.valid = valid.to(device);
  }
  Pass pass;
  pass.cache = &prefix.cache;
  pass.positions = prefix.positions;
  pass.valid = prefix.valid;
  prefix.hidden = decoder.forward(0, first_block, decoder.embed(ids, prefix.positions), pass);
  return prefix;
}

Session::Session(const Decoder& decoder, const Prefix& prefix, std::int64_t new_tokens,
                 Attachments* attachments)
    : decoder_(decoder),
      attachments_(attachments),
      cache_(prefix.cache.clone(prefix.hidden.size(1) + new_tokens)),
      positions_(prefix.positions) {
  if (attachments != nullptr && attachments->first_block() < prefix.first_block) {
    fail(Errc::InvalidArgument, "generate", "block ", attachments->first_block(),
         " is attached to, but the prefix ", "has already run blocks 0 to ", prefix.first_block - 1,
         " without it");
  }
  run(prefix.first_block, prefix.hidden, prefix.valid);
}

void Session::run(std::int64_t first, const at::Tensor& hidden, const at::Tensor& valid) {
  Pass pass;
  pass.cache = &cache_;
  pass.attachments = attachments_;
  pass.positions = positions_;
  pass.valid = valid;
  const at::Tensor states = decoder_.forward(first, decoder_.spec().layers, hidden, pass);
  const std::int64_t last = states.size(1) - 1;
  logits_ = decoder_.head(states.narrow(1, last, 1)).squeeze(1).to(at::kCPU, at::kFloat).contiguous();
  if (at::isnan(logits_).any().item<bool>()) {
    fail(Errc::FailedPrecondition, "generate",
         "the model's scores are not numbers; its weights are damaged, or too large for the type they run in "
         "(try bfloat16 or float32)");
  }
  positions_ = positions_.narrow(1, last, 1) + 1;
}

std::span<const float> Session::row(std::int64_t index) const {
  const auto width = static_cast<std::size_t>(logits_.size(1));
  return {logits_.const_data_ptr<float>() + static_cast<std::size_t>(index) * width, width};
}

void Session::step(std::span<const std::int64_t> ids) {
  const at::Tensor column = to_tensor(ids).unsqueeze(1);
  run(0, decoder_.embed(column, positions_), {});
}

void Session::select_rows(std::span<const std::int64_t> rows) {
  const at::Tensor chosen = to_tensor(rows);
  const at::Tensor on_device = chosen.to(decoder_.options().device());
  cache_.select_rows(on_device);
  if (attachments_ != nullptr) attachments_->select_rows(on_device);
  if (positions_.size(0) > 1) positions_ = positions_.index_select(0, on_device);
  logits_ = logits_.index_select(0, chosen);
}

}  // namespace lateral::model
