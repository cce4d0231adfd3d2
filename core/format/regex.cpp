#include "core/format/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::size_t kMaxPattern = 1 << 14;
constexpr std::uint32_t kHeapLimitKib = 64 * 1024;

// PCRE2 limits the steps of one attempt, an attempt being a place where a match might begin. A pattern made to
// backtrack may stay below any such limit at every place of a long text. So nearly all attempts get few steps, and what
// needs more is paid from a budget that is linear in the text. The patterns in use take a few steps per character.
constexpr std::uint32_t kQuickSteps = 256;
constexpr std::uint32_t kGrowth = 16;  // a longer attempt repeats the shorter one
constexpr std::uint64_t kBudget = 65536, kBudgetPerByte = 1024;
constexpr std::size_t kWindow = 256;  // places tried at once

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

/// Finds matches of one text from left to right.
class Search {
 public:
  Search(const pcre2_code* code, std::string_view text)
      : code_(code),
        text_(text),
        data_(pcre2_match_data_create_from_pattern(code, nullptr)),
        context_(pcre2_match_context_create(nullptr)),
        budget_(kBudget + kBudgetPerByte * text.size()) {
    pcre2_set_heap_limit(context_.get(), kHeapLimitKib);
  }

  /// The first match that begins at `from` or later. Throws ResourceExhausted.
  std::optional<Regex::Match> next(std::size_t from) {
    while (true) {
      const std::size_t last = std::min(text_.size(), from < careful_until_ ? from : from + kWindow);
      int result = attempt(from, last, kQuickSteps);
      if (result == PCRE2_ERROR_MATCHLIMIT && last > from) {
        careful_until_ = last + 1;  // somewhere in this window: place by place
        continue;
      }
      if (result == PCRE2_ERROR_MATCHLIMIT) result = attempt_longer(from);
      if (result > 0) {
        const auto* const span = pcre2_get_ovector_pointer(data_.get());
        return Regex::Match{span[0], span[1]};
      }
      if (result != PCRE2_ERROR_NOMATCH) refuse(result);
      if (last == text_.size()) return std::nullopt;
      from = character_after(last);
    }
  }

 private:
  /// Of the matches that begin from `from` to `last`, with so many steps for each place.
  int attempt(std::size_t from, std::size_t last, std::uint32_t steps) {
    pcre2_set_offset_limit(context_.get(), last);
    pcre2_set_match_limit(context_.get(), steps);
    return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), from,
                       PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
  }

  int attempt_longer(std::size_t at) {
    int result = PCRE2_ERROR_MATCHLIMIT;
    for (std::uint64_t steps = kQuickSteps * kGrowth; result == PCRE2_ERROR_MATCHLIMIT; steps *= kGrowth) {
      if (budget_ == 0) refuse(result);
      steps = std::min<std::uint64_t>({steps, budget_, UINT32_MAX});
      budget_ -= steps;
      result = attempt(at, at, static_cast<std::uint32_t>(steps));
    }
    return result;
  }

  std::size_t character_after(std::size_t at) const {
    do ++at;
    while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0U) == 0x80);
    return at;
  }

  [[noreturn]] static void refuse(int result) {
    fail(Errc::ResourceExhausted, "regex", "matching stopped: ", message_of(result));
  }

  const pcre2_code* code_;
  std::string_view text_;
  MatchData data_;
  MatchContext context_;
  std::uint64_t budget_;
  std::size_t careful_until_ = 0;
};

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
  pcre2_code* const code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT, &error,
      &offset, context.get());
  if (code == nullptr) {
    fail(Errc::Corrupt, "regex", json::quote(utf8::clip(pattern)), ": ", message_of(error), " at byte ",
         offset);
  }
  code_ = {code,
           [](const void* owned) { pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(owned))); }};
}

std::vector<Regex::Match> Regex::find_all(std::string_view text) const {
  const auto* const code = static_cast<const pcre2_code*>(code_.get());
  Search search(code, text);
  std::vector<Match> matches;
  for (std::size_t from = 0; from <= text.size();) {
    const auto match = search.next(from);
    if (!match) break;
    matches.push_back(*match);
    from = match->end;
    if (match->begin != match->end) continue;
    if (from == text.size()) break;
    from += utf8::decode(text.substr(from)).length;  // an empty match: go on behind the next character
  }
  return matches;
}

}  // namespace lateral::format
