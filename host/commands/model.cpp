#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/format/tokenizer.hpp"
#include "core/model/weight_files.hpp"
#include "core/runtime/question_format.hpp"
#include "host/commands/commands.hpp"
#include "host/commands/encoder_folder.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"

namespace lateral::host {
namespace {

using format::json::Writer;
using model::DecoderSpec;

struct ModelFacts {
  DecoderSpec spec;
  std::int64_t tensors = 0, bytes = 0, parameters = 0;
  std::map<std::string, std::int64_t> tensors_by_type;
  std::optional<std::int64_t> vocabulary;
  std::string tokenizer_problem;  ///< empty where `vocabulary` is there
  std::string prompt;
};

/// What a model needs in one type of weights. Keys and values are kept in the same type.
struct MemoryNeed {
  std::string_view dtype;
  std::int64_t weights, cache;  ///< bytes; of 1,000 tokens
};

std::array<MemoryNeed, 3> needs_of(const ModelFacts& facts) {
  const std::int64_t kept = 2 * facts.spec.layers * facts.spec.kv_width() * 1000;
  return {{{"float32", 4 * facts.parameters, 4 * kept},
           {"bfloat16", 2 * facts.parameters, 2 * kept},
           {"float16", 2 * facts.parameters, 2 * kept}}};
}

// A model can be looked at before it has a tokenizer that is supported.
void read_tokenizer(const std::filesystem::path& folder, ModelFacts& facts) {
  try {
    facts.vocabulary = format::Tokenizer::load(folder).vocab_size();
  } catch (const Error& error) {
    facts.tokenizer_problem = error.what();
  }
}

/// A family that is not supported is told with all that are, encoders too.
void require_supported(const std::filesystem::path& folder) {
  const std::string family = format::json::read_file(folder / "config.json").get("model_type", "");
  const auto known = model::families();
  if (std::any_of(known.begin(), known.end(), [&](const auto& each) { return each.model_type == family; }))
    return;
  fail(Errc::Unsupported, "model show", folder.string(), ": model_type \"", shown(family),
       "\"; supported are ", model::family_list(), ", and as encoders of plugins ", encoder_list());
}

ModelFacts facts_of(const std::filesystem::path& folder) {
  const model::WeightFiles files(folder);
  ModelFacts facts;
  facts.spec = files.spec();
  facts.parameters = files.parameters();
  for (const format::TensorView* const tensor : files.tensors()) {
    ++facts.tensors;
    ++facts.tensors_by_type[std::string(format::name_of(tensor->dtype))];
    facts.bytes += static_cast<std::int64_t>(tensor->bytes.size());
  }
  read_tokenizer(folder, facts);
  const auto questions = runtime::read_question_format(folder).prompt;
  facts.prompt = questions.before + "{question}" + questions.after;
  return facts;
}

std::string_view name_of(const model::RotarySpec& rotary) {
  constexpr std::array<std::string_view, 5> kNames = {"", ", scaled linearly", ", scaled as llama3",
                                                      ", scaled as yarn", ", scaled as longrope"};
  return kNames.at(static_cast<std::size_t>(rotary.scaling));
}

std::string positions_of(const DecoderSpec& spec) {
  switch (spec.positions) {
    case model::PositionKind::Learned:
      return "learned positions";
    case model::PositionKind::Alibi:
      return "ALiBi positions";
    case model::PositionKind::Rotary:
      return "rotary positions (theta " + rounded(spec.rotary.theta, 0) + std::string(name_of(spec.rotary)) +
             ", " + std::to_string(spec.rotary_width()) + " of " + std::to_string(spec.head_dim) +
             " dimensions)";
  }
  return {};
}

std::string traits_of(const DecoderSpec& spec) {
  std::string text = positions_of(spec);
  if (!spec.windows.empty()) text += ", sliding windows";
  if (spec.qk_norm) text += ", normed queries and keys";
  if (!spec.pre_norm) text += ", norms after the sums";
  if (spec.parallel_residual) text += ", parallel residuals";
  return text + (spec.tied_head ? ", tied head" : ", head of its own");
}

std::string megabytes(std::int64_t bytes) {
  return rounded(static_cast<double>(bytes) / 1e6, 1) + " MB";
}

std::string text_of(const std::filesystem::path& folder, const ModelFacts& facts) {
  const auto& spec = facts.spec;
  std::string text =
      folder.string() + ": " + spec.family + ", " + std::to_string(spec.layers) + " blocks, hidden " +
      std::to_string(spec.hidden) + ", " + std::to_string(spec.heads) + " heads (" +
      std::to_string(spec.kv_heads) + " of keys and values), head width " + std::to_string(spec.head_dim) +
      "\n  " + traits_of(spec) + "\n  vocabulary " + std::to_string(spec.vocab) + ", at most " +
      std::to_string(spec.max_positions) + " positions\n  " +
      (facts.vocabulary ? "tokenizer: " + std::to_string(*facts.vocabulary) + " ids"
                        : facts.tokenizer_problem) +
      "\n  " + std::to_string(facts.tensors) + " tensors, " + megabytes(facts.bytes) + " of weights, " +
      rounded(static_cast<double>(facts.parameters) / 1e6, 2) + " million parameters;";
  for (const auto& [type, count] : facts.tensors_by_type) text += " " + type + " x " + std::to_string(count);
  for (const MemoryNeed& need : needs_of(facts)) {
    text += "\n  in " + std::string(need.dtype) + ": " + megabytes(need.weights) + " of weights, " +
            megabytes(need.cache) + " of keys and values for 1,000 tokens";
  }
  return text + "\n  asked as: " + format::json::quote(facts.prompt);
}

void add_memory(const ModelFacts& facts, Writer& json) {
  json.key("memory").begin_object();
  for (const MemoryNeed& need : needs_of(facts)) {
    json.key(need.dtype)
        .begin_object()
        .member("weights", need.weights)
        .member("kv_per_1000_tokens", need.cache)
        .end_object();
  }
  json.end_object();
}

std::string json_of(const std::filesystem::path& folder, const ModelFacts& facts) {
  const auto& spec = facts.spec;
  Writer json;
  json.begin_object()
      .member("folder", folder.string())
      .member("family", spec.family)
      .member("layers", spec.layers)
      .member("hidden", spec.hidden)
      .member("heads", spec.heads)
      .member("kv_heads", spec.kv_heads)
      .member("head_dim", spec.head_dim)
      .member("vocab", spec.vocab)
      .member("max_positions", spec.max_positions)
      .member("traits", traits_of(spec))
      .member("tensors", facts.tensors)
      .member("bytes", facts.bytes)
      .member("parameters", facts.parameters);
  json.key("types").begin_object();
  for (const auto& [type, count] : facts.tensors_by_type) json.member(type, count);
  json.end_object();
  add_memory(facts, json);
  json.key("tokenizer");
  facts.vocabulary ? json.value(*facts.vocabulary) : json.null();
  if (!facts.vocabulary) json.member("tokenizer_problem", facts.tokenizer_problem);
  return std::move(json.member("prompt", facts.prompt).end_object()).text();
}

}  // namespace

int run_command(const ModelShowOptions& options, const CommonOptions& common) {
  if (const auto encoder = read_encoder_folder(options.folder)) {
    print_line(common.json ? json_of(options.folder, *encoder) : text_of(options.folder, *encoder));
    return kExitOk;
  }
  require_supported(options.folder);
  const ModelFacts facts = facts_of(options.folder);
  print_line(common.json ? json_of(options.folder, facts) : text_of(options.folder, facts));
  return kExitOk;
}

}  // namespace lateral::host
