#include "core/format/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::size_t kMaxPattern = 1 << 14;
// Steps for one match; the patterns in use take a few per character.
// Reached only by a pattern made to backtrack.
constexpr std::uint32_t kMatchLimit = 5'000'000;
constexpr std::uint32_t kHeapLimitKib = 64 * 1024;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using CompileContext = std::unique_ptr<pcre2_compile_context, Deleter<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

MatchContext bounded_context() {
  MatchContext context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKib);
  return context;
}

}  // namespace

Regex::Regex(std::string_view pattern) {
  if (pattern.size() > kMaxPattern) {
    fail(Errc::ResourceExhausted, "regex", "a pattern of ", pattern.size(), " bytes; at most ", kMaxPattern);
  }
  const auto translated = pcre_from_oniguruma(pattern);
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // MULTILINE: Ruby's ^ and $ always match at line breaks.
  pcre2_code* const code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                         PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                         &error, &offset, context.get());
  if (code == nullptr) {
    fail(Errc::Corrupt, "regex", json::quote(utf8::clip(pattern)), ": ", message_of(error), " at byte ",
         offset);
  }
  code_ = {code,
           [](const void* owned) { pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(owned))); }};
}

std::vector<Regex::Match> Regex::find_all(std::string_view text) const {
  const auto* const code = static_cast<const pcre2_code*>(code_.get());
  const MatchData data(pcre2_match_data_create_from_pattern(code, nullptr));
  const auto context = bounded_context();
  const auto* const subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  std::vector<Match> matches;
  std::size_t from = 0;
  while (from <= text.size()) {
    const int result =
        pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) fail(Errc::ResourceExhausted, "regex", "matching stopped: ", message_of(result));
    const auto* const span = pcre2_get_ovector_pointer(data.get());
    matches.push_back({span[0], span[1]});
    from = span[1];
    if (span[0] != span[1]) continue;
    if (from == text.size()) break;
    from += utf8::decode(text.substr(from)).length;  // an empty match: go on behind the next character
  }
  return matches;
}

}  // namespace lateral::format
