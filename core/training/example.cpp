#include "core/training/example.hpp"

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "example";

model::Ids widened(const std::vector<format::TokenId>& ids) {
  return {ids.begin(), ids.end()};
}

std::int64_t end_id_of(const format::Tokenizer& tokenizer, const PromptFormat& format) {
  if (format.end_id >= 0) return format.end_id;
  if (const auto eos = tokenizer.eos()) return *eos;
  fail(Errc::InvalidArgument, kWhere, "the tokenizer has no eos; name the id that ends an answer");
}

}  // namespace

model::Ids encode_prompt(const format::Tokenizer& tokenizer, const PromptFormat& format,
                         std::string_view question) {
  return widened(tokenizer.encode(format.before + std::string(question) + format.after, format.special));
}

Example make_example(const format::Tokenizer& tokenizer, const PromptFormat& format, std::string sample,
                     std::string question, std::string answer, std::string type) {
  if (question.empty() || answer.empty()) {
    fail(Errc::InvalidArgument, kWhere, "sample ", sample, " has an empty question or answer");
  }
  Example example;
  example.prompt = encode_prompt(tokenizer, format, question);
  example.answer_ids = widened(tokenizer.encode(format.lead + answer, false));
  example.answer_ids.push_back(end_id_of(tokenizer, format));
  example.sample = std::move(sample);
  example.question = std::move(question);
  example.answer = std::move(answer);
  example.type = std::move(type);
  return example;
}

bool has_tokens(const std::optional<connector::Tokens>& tokens) {
  return tokens && (!tokens->present.defined() || tokens->present.any().item<bool>());
}

TokenProvider shuffled(TokenProvider tokens, const std::vector<std::string>& samples, std::uint64_t seed) {
  const std::set<std::string> distinct(samples.begin(), samples.end());
  if (distinct.size() < 2) fail(Errc::InvalidArgument, kWhere, "shuffling needs at least two samples");
  std::vector<std::string> order(distinct.begin(), distinct.end());
  Random(seed).shuffle(std::span<std::string>(order));
  // One cycle through all of them: nobody keeps its own.
  auto other = std::make_shared<std::map<std::string, std::string>>();
  for (std::size_t i = 0; i < order.size(); ++i) (*other)[order[i]] = order[(i + 1) % order.size()];
  return [tokens = std::move(tokens), other](const std::string& sample) {
    const auto found = other->find(sample);
    if (found == other->end())
      fail(Errc::InvalidArgument, kWhere, sample, " is not among the shuffled samples");
    return tokens(found->second);
  };
}

TokenProvider constant(TokenProvider tokens, std::string sample) {
  return
      [tokens = std::move(tokens), sample = std::move(sample)](const std::string&) { return tokens(sample); };
}

}  // namespace lateral::training
