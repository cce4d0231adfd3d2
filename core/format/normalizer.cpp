#include "core/format/normalizer.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {
constexpr std::size_t kMaxContent = 64;  // bytes that may replace one match
}

void refuse_part(std::string_view part, const json::Value& value) {
  const auto type = value.is(json::Kind::Object) ? value.get("type", "") : "";
  fail(Errc::Unsupported, "tokenizer", value.place(), ": the ", part, " ", json::quote(utf8::clip(type)),
       " is not supported");
}

void check_growth(std::size_t before, std::size_t after) {
  if (after > 1024 + 32 * before) {
    fail(Errc::ResourceExhausted, "tokenizer", "the replacements of this tokenizer turn ", before,
         " bytes into ", after);
  }
}

std::string pattern_text(const json::Value& value) {
  if (value.as_string().empty()) value.reject("some text");
  return std::string(value.as_string());
}

std::string replacement_text(const json::Value& value) {
  if (value.as_string().size() > kMaxContent)
    value.reject("at most " + std::to_string(kMaxContent) + " bytes");
  return std::string(value.as_string());
}

std::string metaspace_of(const json::Value& value) {
  const auto field = value.at("replacement");
  const auto text = field.as_string();
  if (text.empty() || text == " " || utf8::decode(text).length != text.size())
    field.reject("one character, no space");
  return std::string(text);
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (auto next = text.find(from); next != text.npos; next = text.find(from, at)) {
    out.append(text.substr(at, next - at)).append(to);
    at = next + from.size();
  }
  return out.append(text.substr(at));
}

void Normalizer::add(const json::Value& value) {
  const auto type = value.at("type").as_string();
  if (type == "Sequence") {
    const auto list = value.at("normalizers");
    for (std::size_t i = 0; i < list.size(); ++i) add(list[i]);
    if (steps_.size() > kMaxSteps) list.reject("at most " + std::to_string(kMaxSteps) + " steps");
  } else if (type == "Prepend") {
    steps_.push_back(Prepend{std::string(value.at("prepend").as_string())});
  } else if (type == "Strip") {
    steps_.push_back(Strip{value.get("strip_left", true), value.get("strip_right", true)});
  } else if (type == "Replace") {
    const auto pattern = value.at("pattern");
    std::string to = replacement_text(value.at("content"));
    if (const auto text = pattern.find("String")) {
      steps_.push_back(ReplaceText{pattern_text(*text), std::move(to)});
    } else {
      steps_.push_back(ReplaceMatches{Regex(pattern.at("Regex").as_string()), std::move(to)});
    }
  } else {
    refuse_part("normalizer", value);
  }
}

std::string Normalizer::run(const Prepend& step, std::string text) {
  return text.empty() ? std::move(text) : step.prefix + text;
}

std::string Normalizer::run(const ReplaceText& step, std::string text) {
  return replace_all(text, step.from, step.to);
}

std::string Normalizer::run(const ReplaceMatches& step, std::string text) {
  std::string out;
  std::size_t at = 0;
  for (const auto match : step.from.find_all(text)) {
    out.append(text, at, match.begin - at).append(step.to);
    at = match.end;
  }
  return out.append(text, at);
}

std::string Normalizer::run(const Strip& step, std::string text) {
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

std::string Normalizer::apply(std::string text) const {
  const std::size_t before = text.size();
  for (const auto& step : steps_) {
    text = std::visit([&](const auto& kind) { return run(kind, std::move(text)); }, step);
    check_growth(before, text.size());
  }
  return text;
}

}  // namespace lateral::format
