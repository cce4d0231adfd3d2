#include "core/format/post_processor.hpp"

#include "core/format/tokenizer_json.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kKnown =
    "TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel, Sequence";
constexpr std::size_t kMaxTokens = 64;  // around a text

TokenId id_from(const json::Value& value) {
  return static_cast<TokenId>(value.as_int(0, INT32_MAX));
}

Surround template_from(const json::Value& value) {
  const auto single = value.at("single");
  if (single.size() > kMaxTokens) single.reject("a short template");
  Surround result;
  bool before = true;
  for (std::size_t i = 0; i < single.size(); ++i) {
    if (single[i].find("Sequence")) {
      if (!before) single[i].reject("one Sequence only");
      before = false;
      continue;
    }
    const auto name = single[i].at("SpecialToken").at("id").as_string();
    const auto ids = value.at("special_tokens").at(name).at("ids");
    if (ids.size() > kMaxTokens) ids.reject("a short list");
    for (std::size_t j = 0; j < ids.size(); ++j) {
      (before ? result.prefix : result.suffix).push_back(id_from(ids[j]));
    }
  }
  if (before) single.reject("a Sequence");
  return result;
}

// ["</s>", 2]
TokenId id_of_pair(const json::Value& value) {
  if (!value.is(json::Kind::Array) || value.size() != 2) value.reject("a token and its id");
  return id_from(value[1]);
}

}  // namespace

Surround read_post_processor(const json::Value& value) {
  const auto type = value.at("type").as_string();
  if (type == "ByteLevel") return {};
  if (type == "TemplateProcessing") return template_from(value);
  if (type == "RobertaProcessing" || type == "BertProcessing") {
    return {{id_of_pair(value.at("cls"))}, {id_of_pair(value.at("sep"))}};
  }
  if (type != "Sequence") refuse_part("post_processor", value, kKnown);
  Surround all;
  const auto list = value.at("processors");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto outer = read_post_processor(list[i]);
    all.prefix.insert(all.prefix.begin(), outer.prefix.begin(), outer.prefix.end());
    all.suffix.insert(all.suffix.end(), outer.suffix.begin(), outer.suffix.end());
    if (all.prefix.size() + all.suffix.size() > kMaxTokens) list.reject("few tokens around a text");
  }
  return all;
}

}  // namespace lateral::format
