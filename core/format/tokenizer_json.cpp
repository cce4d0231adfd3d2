#include "core/format/tokenizer_json.hpp"

#include "core/base/error.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {
constexpr std::size_t kMaxPattern = 256;  // bytes; looking for a text takes as many steps at every place
constexpr std::size_t kMaxContent = 64;   // bytes that may replace one match

std::string bounded(const json::Value& value, std::size_t most) {
  if (value.as_string().size() > most) value.reject("at most " + std::to_string(most) + " bytes");
  return std::string(value.as_string());
}
}  // namespace

void refuse_part(std::string_view part, const json::Value& value, std::string_view known) {
  const auto type = value.is(json::Kind::Object) ? value.get("type", "") : "";
  fail(Errc::Unsupported, "tokenizer", value.place(), ": the ", part, " ", json::quote(utf8::clip(type)),
       " is not supported; known are ", known);
}

std::string pattern_text(const json::Value& value) {
  if (value.as_string().empty()) value.reject("some text");
  return bounded(value, kMaxPattern);
}

std::string content_text(const json::Value& value) {
  return bounded(value, kMaxContent);
}

std::string metaspace_text(const json::Value& value) {
  const auto text = value.as_string();
  if (text.empty() || text == " " || utf8::decode(text).length != text.size())
    value.reject("one character, no space");
  return std::string(text);
}

void check_growth(std::size_t before, std::size_t after) {
  if (after > 1024 + 32 * before) {
    fail(Errc::ResourceExhausted, "tokenizer", "the replacements of this tokenizer turn ", before,
         " bytes into ", after);
  }
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

}  // namespace lateral::format
