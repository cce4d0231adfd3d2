#pragma once
// Questions about moments, and where the moments' tokens come from.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/connector/tokens.hpp"
#include "core/format/tokenizer.hpp"
#include "core/model/generate.hpp"

namespace lateral::training {

/// One question about one moment, with its answer. What was recorded at one moment shares one `sample` id.
struct Example {
  std::string sample, question, answer, type;
  model::Ids prompt;      ///< the question as the model reads it, up to where the answer begins
  model::Ids answer_ids;  ///< the answer as the model should say it, with the id that ends it
};

/// How a question is put to the model: before + question + after, then lead + answer + end id.
struct PromptFormat {
  std::string before, after;
  std::string lead = " ";    ///< between prompt and answer, on the answer's side
  std::int64_t end_id = -1;  ///< ends an answer; -1 = the tokenizer's eos
  bool special =
      true;  ///< the tokenizer puts its own tokens around a prompt; false: `before` has them written out
};

/// Throws InvalidArgument for an empty question or answer, or when there is no id to end an answer with.
Example make_example(const format::Tokenizer& tokenizer, const PromptFormat& format, std::string sample,
                     std::string question, std::string answer, std::string type);
/// The prompt alone, e.g. for a query bank.
model::Ids encode_prompt(const format::Tokenizer& tokenizer, const PromptFormat& format,
                         std::string_view question);

/// Tokens of one moment [1, M, width] or [M, width]; nothing where it has no such sensor data. A pure
/// function of the id: training asks again after being resumed.
using TokenProvider = std::function<std::optional<connector::Tokens>(const std::string& sample)>;

/// At least one token takes part.
bool has_tokens(const std::optional<connector::Tokens>& tokens);

/// The same tokens under wrong ids: each of `samples` gets those of another one, in an order drawn from
/// `seed`. The control for "does it look at the sensor at all".
/// Throws InvalidArgument for fewer than two distinct ids.
TokenProvider shuffled(TokenProvider tokens, const std::vector<std::string>& samples, std::uint64_t seed);

/// The tokens of one moment for all of them: the control for what an adapter learns from the text alone.
TokenProvider constant(TokenProvider tokens, std::string sample);

}  // namespace lateral::training
