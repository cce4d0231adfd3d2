#include "core/runtime/answering.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/base/elapsed.hpp"
#include "core/base/hash.hpp"

namespace lateral::runtime {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kKeptPrefixes = 32;

std::string hash_of(const at::Tensor& logits) {
  if (!logits.defined()) return {};
  const at::Tensor plain = logits.cpu().contiguous();
  return Hash64()
      .add(std::span(static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes()))
      .text();
}

model::GenerateOptions from_config(const config::RunConfig& run) {
  model::GenerateOptions options;
  options.max_new_tokens = run.max_new_tokens;
  options.beams = run.beams;
  options.sample = run.temperature > 0;
  if (options.sample) options.temperature = run.temperature;
  options.top_k = run.top_k;
  options.top_p = run.top_p;
  options.repetition_penalty = run.repetition_penalty;
  options.seed = run.seed;
  return options;
}

}  // namespace

Answering::Answering(std::shared_ptr<const Language> language,
                     std::shared_ptr<const connector::ConnectorManager> manager, const config::RunConfig& run)
    : language_(std::move(language)), manager_(std::move(manager)), run_(run) {}

std::shared_ptr<const model::Prefix> Answering::prefix_of(const model::Ids& prompt,
                                                          std::int64_t first_block) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
      return kept.first_block == first_block && kept.prompt == prompt;
    });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->prefix;
    }
  }
  // Outside the lock: other answers must not wait. Two that ask the same new question at once both compute it.
  auto made = std::make_shared<const model::Prefix>(
      model::make_prefix(language_->decoder(), {prompt}, first_block, run_.max_new_tokens));
  const std::lock_guard lock(mutex_);
  kept_.push_front({prompt, first_block, made});
  if (kept_.size() > kKeptPrefixes) kept_.pop_back();
  return made;
}

Reply Answering::ask(std::string_view question, const Seen& seen, const AnswerOptions& wanted) const {
  const at::NoGradGuard no_gradients;
  const auto start = Clock::now();
  const model::Ids prompt = language_->prompt_ids(question);
  const at::Tensor ids = at::tensor(prompt, at::kLong).unsqueeze(0);
  const auto attachments = manager_->begin_answer(seen.wiring, seen.samples, {.ids = ids, .valid = {}});
  const auto prefix = prefix_of(prompt, attachments->first_block());

  Reply reply;
  format::StreamDecoder stream(language_->tokenizer());
  model::GenerateOptions options = from_config(run_);
  options.cancel = wanted.cancel;
  options.min_new_tokens = wanted.min_new_tokens;
  options.max_new_tokens = std::max(options.max_new_tokens, wanted.min_new_tokens);
  options.on_token = [&](std::size_t, std::int64_t id) {
    if (reply.first_token_ms == 0) reply.first_token_ms = ms_since(start);
    if (wanted.on_text) wanted.on_text(stream.push(static_cast<format::TokenId>(id)));
  };
  if (options.beams == 1) {
    options.stop = [&](std::size_t, std::span<const std::int64_t> generated) {
      return static_cast<std::int64_t>(generated.size()) >= wanted.min_new_tokens &&
             language_->complete(generated);
    };
  }
  const auto answers = model::generate(language_->decoder(), *prefix, options, attachments.get());
  const model::Answer& answer = answers.front();
  if (wanted.on_text) wanted.on_text(stream.finish());

  reply.text = language_->answer_text(answer.ids);
  reply.ids = answer.ids;
  reply.senses = attachments->active();
  reply.logits = hash_of(answer.last_logits);
  reply.total_ms = ms_since(start);
  return reply;
}

}  // namespace lateral::runtime
