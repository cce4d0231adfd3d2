#include "core/format/token_decoder.hpp"

#include <charconv>

#include "core/base/error.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/normalizer.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

const std::string kReplacement = utf8::encode(utf8::kReplacement);

void flatten(const json::Value& value, std::vector<json::Value>& steps) {
  if (value.at("type").as_string() != "Sequence") return steps.push_back(value);
  const auto list = value.at("decoders");
  for (std::size_t i = 0; i < list.size(); ++i) flatten(list[i], steps);
}

// "<0xE2>"
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned byte = 0;
  const auto end = std::from_chars(token.data() + 3, token.data() + 5, byte, 16).ptr;
  return end == token.data() + 5 ? std::optional(static_cast<char>(byte)) : std::nullopt;
}

}  // namespace

TokenDecoder TokenDecoder::byte_level() {
  TokenDecoder decoder;
  decoder.style_ = Style::ByteLevel;
  return decoder;
}

TokenDecoder::TokenDecoder(const json::Value& value) {
  std::vector<json::Value> steps;
  flatten(value, steps);
  if (steps.empty()) value.reject("at least one decoder");
  const auto type = steps.front().at("type").as_string();
  if (type != "ByteLevel" && type != "Metaspace") {
    read_pieces(steps);
    return;
  }
  if (steps.size() > 1) refuse_part("decoder, behind another,", steps[1]);
  if (type == "ByteLevel") {
    style_ = Style::ByteLevel;
    return;
  }
  style_ = Style::Metaspace;
  metaspace_ = metaspace_of(steps[0]);
  drop_leading_ =
      steps[0].get("prepend_scheme", steps[0].get("add_prefix_space", true) ? "always" : "never") != "never";
}

// The order is fixed, because another one would mean something else.
void TokenDecoder::read_pieces(const std::vector<json::Value>& steps) {
  style_ = Style::Pieces;
  bool fused = false;
  for (const auto& step : steps) {
    const auto type = step.at("type").as_string();
    const auto text = step.is(json::Kind::Object) ? step.find("pattern") : std::nullopt;
    if (type == "Replace" && !byte_fallback_ && !fused && text && text->find("String")) {
      replacements_.emplace_back(pattern_text(text->at("String")), replacement_text(step.at("content")));
    } else if (type == "ByteFallback" && !byte_fallback_ && !fused) {
      byte_fallback_ = true;
    } else if (type == "Fuse" && !fused) {
      fused = true;
    } else if (type == "Strip" && fused && strip_start_ == 0 && step.get("stop", 0) == 0) {
      strip_content_ = step.at("content").as_string();
      strip_start_ = static_cast<int>(step.at("start").as_int(0, 1000));
    } else {
      refuse_part("decoder, in this place,", step);
    }
  }
}

TokenDecoder::Stream::Stream(const TokenDecoder& decoder, bool eager)
    : decoder_(&decoder), eager_(eager), strip_(decoder.strip_start_) {}

void TokenDecoder::Stream::push(std::string_view token, std::string& out) {
  switch (decoder_->style_) {
    case Style::Spaced:
      if (!first_) out += ' ';
      out += token;
      break;
    case Style::Metaspace: {
      const bool drop = first_ && decoder_->drop_leading_;
      out += replace_all(token, decoder_->metaspace_, drop ? "" : " ");
      break;
    }
    case Style::ByteLevel:
      push_bytes(token, out);
      break;
    case Style::Pieces:
      push_piece(token, out);
      break;
  }
  first_ = false;
}

void TokenDecoder::Stream::push_bytes(std::string_view token, std::string& out) {
  const auto bytes = byte_level::to_bytes(token);
  open_ += bytes ? std::string_view(*bytes) : token;
  std::string_view rest = open_;
  while (!rest.empty()) {
    const auto next = utf8::decode(rest);
    if (next.cut_short) break;
    utf8::append(out, next.point);
    rest.remove_prefix(next.length);
  }
  open_ = std::string(rest);
}

void TokenDecoder::Stream::push_piece(std::string_view token, std::string& out) {
  if (const auto byte = decoder_->byte_fallback_ ? byte_of(token) : std::nullopt) {
    open_ += *byte;
    if (eager_) give_complete(out);
    return;
  }
  end_run(out);
  std::string text(token);
  for (const auto& [from, to] : decoder_->replacements_) {
    text = replace_all(text, from, to);
    check_growth(token.size(), text.size());
  }
  give(text, out);
}

void TokenDecoder::Stream::give_complete(std::string& out) {
  while (!open_.empty()) {
    const auto next = utf8::decode(open_);
    if (next.cut_short) return;
    if (next.valid) {
      give(std::string_view(open_).substr(0, next.length), out);
    } else {
      for (int i = 0; i < next.length; ++i) give(kReplacement, out);
    }
    open_.erase(0, next.length);
  }
}

void TokenDecoder::Stream::end_run(std::string& out) {
  if (utf8::is_valid(open_)) {
    give(open_, out);
  } else {
    for (std::size_t i = 0; i < open_.size(); ++i) give(kReplacement, out);
  }
  open_.clear();
}

void TokenDecoder::Stream::give(std::string_view text, std::string& out) {
  const auto& content = decoder_->strip_content_;
  while (strip_ > 0 && !text.empty()) {
    if (!text.starts_with(content)) {
      strip_ = 0;
      break;
    }
    text.remove_prefix(content.size());
    --strip_;
  }
  out += text;
}

void TokenDecoder::Stream::finish(std::string& out) {
  if (decoder_->style_ == Style::ByteLevel) {
    if (!open_.empty()) out += kReplacement;
  } else {
    end_run(out);
  }
  *this = Stream(*decoder_, eager_);
}

}  // namespace lateral::format
