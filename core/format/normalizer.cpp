#include "core/format/normalizer.hpp"

#include <algorithm>

#include "core/format/tokenizer_json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kKnown =
    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, BertNormalizer, Sequence";

template <typename Append>
std::string rewrite(std::string_view text, Append&& append) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto next = utf8::decode(text);
    append(next.point, out);
    text.remove_prefix(next.length);
  }
  return out;
}

template <typename Drop>
std::string without(std::string_view text, Drop&& drop) {
  return rewrite(text, [&](char32_t point, std::string& out) {
    if (!drop(point)) utf8::append(out, point);
  });
}

bool is_chinese(char32_t point) {
  const auto in = [point](char32_t low, char32_t high) { return point >= low && point <= high; };
  return in(0x4E00, 0x9FFF) || in(0x3400, 0x4DBF) || in(0x20000, 0x2A6DF) || in(0x2A700, 0x2B81F) ||
         in(0x2B920, 0x2CEAF) || in(0xF900, 0xFAFF) || in(0x2F800, 0x2FA1F);
}

// BERT's own cleaning: control characters go, white space becomes a space.
void append_clean(char32_t point, std::string& out) {
  const bool plain = point == '\t' || point == '\n' || point == '\r';
  if (!plain && (point == utf8::kReplacement || unicode::is_control(point))) return;
  utf8::append(out, utf8::is_space(point) ? U' ' : point);
}

void append_spaced(char32_t point, std::string& out) {
  const bool alone = is_chinese(point);
  if (alone) out += ' ';
  utf8::append(out, point);
  if (alone) out += ' ';
}

}  // namespace

Normalizer Normalizer::form(unicode::Form form) {
  Normalizer result;
  result.steps_.emplace_back(form);
  return result;
}

void Normalizer::add(const json::Value& value) {
  if (value.at("type").as_string() != "Sequence") {
    steps_.push_back(step_from(value));
    return;
  }
  const auto list = value.at("normalizers");
  for (std::size_t i = 0; i < list.size(); ++i) {
    add(list[i]);
    if (steps_.size() > kMaxSteps) list.reject("at most " + std::to_string(kMaxSteps) + " steps");
  }
}

Normalizer::Step Normalizer::step_from(const json::Value& value) {
  const auto type = value.at("type").as_string();
  if (type == "NFC") return unicode::Form::NFC;
  if (type == "NFD") return unicode::Form::NFD;
  if (type == "NFKC") return unicode::Form::NFKC;
  if (type == "NFKD") return unicode::Form::NFKD;
  if (type == "Lowercase") return Lowercase{};
  if (type == "StripAccents") return StripAccents{};
  if (type == "Prepend") return Prepend{content_text(value.at("prepend"))};
  if (type == "Strip") return Strip{value.get("strip_left", true), value.get("strip_right", true)};
  if (type == "Replace") return replace_from(value);
  if (type == "BertNormalizer") {
    const bool lower = value.get("lowercase", true);
    return Bert{value.get("clean_text", true), value.get("handle_chinese_chars", true),
                value.get("strip_accents", lower), lower};
  }
  refuse_part("normalizer", value, kKnown);
}

Normalizer::Step Normalizer::replace_from(const json::Value& value) {
  const auto pattern = value.at("pattern");
  auto to = content_text(value.at("content"));
  if (const auto text = pattern.find("String")) return ReplaceText{pattern_text(*text), std::move(to)};
  return ReplaceMatches{Regex(pattern.at("Regex").as_string()), std::move(to)};
}

std::string Normalizer::run(const Prepend& step, const std::string& text) {
  return text.empty() ? text : step.prefix + text;
}

std::string Normalizer::run(const ReplaceText& step, const std::string& text) {
  return replace_all(text, step.from, step.to);
}

std::string Normalizer::run(const ReplaceMatches& step, const std::string& text) {
  if (text.empty()) return text;  // nothing is replaced there, not even an empty match
  std::string out;
  std::size_t at = 0;
  for (const auto match : step.from.find_all(text)) {
    out.append(text, at, match.begin - at).append(step.to);
    at = match.end;
  }
  return out.append(text, at);
}

std::string Normalizer::run(const Strip& step, const std::string& text) {
  std::size_t first = text.size(), last = 0;  // the bytes between the outer spaces
  for (std::size_t at = 0; at < text.size();) {
    const auto next = utf8::decode(std::string_view(text).substr(at));
    if (!utf8::is_space(next.point)) {
      first = std::min(first, at);
      last = at + next.length;
    }
    at += next.length;
  }
  const std::size_t begin = step.left ? first : 0;
  const std::size_t end = step.right ? last : text.size();
  return end > begin ? text.substr(begin, end - begin) : std::string();
}

std::string Normalizer::run(const Lowercase& /*step*/, const std::string& text) {
  return unicode::lowercase(text);
}

std::string Normalizer::run(const StripAccents& /*step*/, const std::string& text) {
  return without(text, unicode::is_mark);
}

std::string Normalizer::run(const Bert& step, std::string text) {
  if (step.clean_text) text = rewrite(text, append_clean);
  if (step.space_chinese) text = rewrite(text, append_spaced);
  if (step.strip_accents)
    text = without(unicode::normalize(text, unicode::Form::NFD), unicode::is_nonspacing_mark);
  return step.lowercase ? unicode::lowercase(text) : text;
}

std::string Normalizer::run(unicode::Form form, const std::string& text) {
  return unicode::normalize(text, form);
}

std::string Normalizer::apply(std::string text) const {
  const std::size_t before = text.size();
  for (const auto& step : steps_) {
    text = std::visit([&](const auto& kind) { return run(kind, text); }, step);
    check_growth(before, text.size());
  }
  return text;
}

}  // namespace lateral::format
