#include "core/format/token_decoder.hpp"

#include "core/format/tokenizer_json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kKnown =
    "ByteLevel, ByteFallback, Replace, Metaspace, Strip, Fuse, WordPiece, Sequence";
constexpr std::int64_t kMaxStrip = 1000;

}  // namespace

TokenDecoder TokenDecoder::byte_level() {
  TokenDecoder decoder;
  decoder.steps_ = {ByteLevel{}};
  return decoder;
}

TokenDecoder::TokenDecoder(const json::Value& value) {
  bool fused = false;
  add(value, fused);
}

// Behind Fuse and ByteLevel there is one token, which comes in parts.
void TokenDecoder::add(const json::Value& value, bool& fused) {
  const auto type = value.at("type").as_string();
  if (type == "Sequence") {
    const auto list = value.at("decoders");
    for (std::size_t i = 0; i < list.size(); ++i) {
      add(list[i], fused);
      if (steps_.size() > kMaxSteps) list.reject("at most " + std::to_string(kMaxSteps) + " steps");
    }
    return;
  }
  if (type == "Fuse") {
    fused = true;
    return;
  }
  if (fused && type != "Strip") refuse_part("decoder, behind Fuse or ByteLevel,", value, "Strip and Fuse");
  steps_.push_back(step_from(value, fused));
  if (type == "ByteLevel") fused = true;
}

TokenDecoder::Step TokenDecoder::step_from(const json::Value& value, bool fused) {
  const auto type = value.at("type").as_string();
  if (type == "ByteLevel") return ByteLevel{};
  if (type == "ByteFallback") return ByteFallback{};
  if (type == "Strip") return strip_from(value, fused);
  if (type == "Replace") return replace_from(value);
  if (type == "WordPiece") {
    return WordPiece{std::string(value.get("prefix", "##")), value.get("cleanup", true)};
  }
  if (type == "Metaspace") {
    const auto scheme = value.get("prepend_scheme", value.get("add_prefix_space", true) ? "always" : "never");
    return Metaspace{metaspace_text(value.at("replacement")), scheme != "never"};
  }
  refuse_part("decoder", value, kKnown);
}

TokenDecoder::Step TokenDecoder::replace_from(const json::Value& value) {
  const auto pattern = value.at("pattern");
  auto to = content_text(value.at("content"));
  if (const auto text = pattern.find("String")) return ReplaceText{pattern_text(*text), std::move(to)};
  return ReplaceMatches{Regex(pattern.at("Regex").as_string()), std::move(to)};
}

TokenDecoder::Strip TokenDecoder::strip_from(const json::Value& value, bool fused) {
  const auto field = value.at("content");
  const auto content = field.as_string();
  if (content.empty() || utf8::decode(content).length != content.size()) field.reject("one character");
  return {std::string(content), static_cast<std::size_t>(value.at("start").as_int(0, kMaxStrip)),
          static_cast<std::size_t>(value.at("stop").as_int(0, kMaxStrip)), fused};
}

}  // namespace lateral::format
