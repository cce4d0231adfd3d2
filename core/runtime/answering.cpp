#include "core/runtime/answering.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>

#include "core/base/elapsed.hpp"
#include "core/base/error.hpp"
#include "core/base/hash.hpp"

namespace lateral::runtime {
namespace {

using Clock = std::chrono::steady_clock;

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

std::unique_ptr<connector::AnswerAttachments> Answering::begin(const model::Ids& prompt, const Seen& seen,
                                                               std::vector<Missing>& missing) const {
  const at::Tensor ids = at::tensor(prompt, at::kLong).unsqueeze(0);
  const auto type = language_->decoder().options().dtype().toScalarType();
  return manager_->begin_answer(seen.wiring, seen.samples, {.ids = ids, .valid = {}, .type = type},
                                [&](const std::string& connection, const Error& why) {
                                  missing.push_back({connection, why.what()});
                                });
}

Reply Answering::ask(std::string_view question, const Seen& seen, const AnswerOptions& wanted) const {
  const at::NoGradGuard no_gradients;
  const auto start = Clock::now();
  Reply reply;
  reply.missing = seen.missing;
  const model::Ids prompt = language_->prompt_ids(question);
  const auto attachments = begin(prompt, seen, reply.missing);
  std::sort(reply.missing.begin(), reply.missing.end(),
            [](const Missing& a, const Missing& b) { return a.connection < b.connection; });
  const std::int64_t first_block = attachments->first_block();
  const auto prefix = prefixes_.get(prompt, first_block, [&] {
    return model::make_prefix(language_->decoder(), {prompt}, first_block, run_.max_new_tokens);
  });

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
