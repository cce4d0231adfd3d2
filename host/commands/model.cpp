#include <filesystem>

#include "core/format/safetensors.hpp"
#include "core/format/tokenizer.hpp"
#include "core/model/spec.hpp"
#include "core/runtime/question_format.hpp"
#include "host/commands/commands.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"

namespace lateral::host {
namespace {

struct ModelFacts {
  model::DecoderSpec spec;
  std::int64_t tensors = 0, bytes = 0, vocabulary = 0;
  runtime::QuestionFormat questions;
};

ModelFacts facts_of(const std::filesystem::path& folder) {
  ModelFacts facts;
  facts.spec = model::read_spec(folder / "config.json");
  const format::SafetensorsFolder weights(folder);
  for (const format::TensorView* const tensor : weights.tensors()) {
    ++facts.tensors;
    facts.bytes += static_cast<std::int64_t>(tensor->bytes.size());
  }
  facts.vocabulary = format::Tokenizer::load(folder).vocab_size();
  facts.questions = runtime::read_question_format(folder);
  return facts;
}

std::string text_of(const std::filesystem::path& folder, const ModelFacts& facts) {
  const auto& spec = facts.spec;
  return folder.string() + ": " + spec.family + ", " + std::to_string(spec.layers) + " blocks, hidden " +
         std::to_string(spec.hidden) + ", " + std::to_string(spec.heads) + " heads (" +
         std::to_string(spec.kv_heads) + " of keys and values), head width " + std::to_string(spec.head_dim) +
         "\n  vocabulary " + std::to_string(spec.vocab) + " (tokenizer " + std::to_string(facts.vocabulary) +
         "), at most " + std::to_string(spec.max_positions) + " positions\n  " +
         std::to_string(facts.tensors) + " tensors, " + rounded(static_cast<double>(facts.bytes) / 1e6, 1) +
         " MB of weights\n  asked as: " +
         format::json::quote(facts.questions.prompt.before + "{question}" + facts.questions.prompt.after);
}

}  // namespace

int run_command(const ModelShowOptions& options, const CommonOptions& common) {
  const ModelFacts facts = facts_of(options.folder);
  if (!common.json) {
    print_line(text_of(options.folder, facts));
    return kExitOk;
  }
  const auto& spec = facts.spec;
  format::json::Writer json;
  json.begin_object()
      .member("folder", options.folder.string())
      .member("family", spec.family)
      .member("layers", spec.layers)
      .member("hidden", spec.hidden)
      .member("heads", spec.heads)
      .member("kv_heads", spec.kv_heads)
      .member("head_dim", spec.head_dim)
      .member("vocab", spec.vocab)
      .member("max_positions", spec.max_positions)
      .member("tensors", facts.tensors)
      .member("bytes", facts.bytes)
      .member("prompt", facts.questions.prompt.before + "{question}" + facts.questions.prompt.after)
      .end_object();
  print_line(std::move(json).text());
  return kExitOk;
}

}  // namespace lateral::host
