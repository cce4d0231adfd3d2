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

// PCRE2 bounds the steps of one match at one place, but not their sum, nor how far each looks ahead. So places
// are tried with few steps in a short window; the rare one that needs more gets it alone, and pays for it.
constexpr std::size_t kWindow = 2048;  // bytes, at effort 0
constexpr std::uint32_t kSteps = 512;  // at effort 0; words of real patterns take about ten
constexpr unsigned kEffortShift = 2;   // each effort is four times the last
constexpr unsigned kMaxEffort = 11;    // 2^33 bytes
constexpr std::size_t kBudgetPerByte = 64;
constexpr std::size_t kBudget = 1U << 24U;  // a tenth of a second

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

// The matches of one text, from left to right.
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

  /// The first match that begins at `from` or behind.
  std::optional<Regex::Match> next(std::size_t from) {
    while (true) {
      const std::size_t end = window_end(from, 0);
      const int result = run(from, end, 0, 0);
      // At a window's end an assertion has not seen what follows.
      const bool blind = result >= 0 && found().begin == end && end < text_.size();
      if (result >= 0 && !blind) return found();
      if (result == PCRE2_ERROR_NOMATCH || blind) {
        if (end == text_.size()) return std::nullopt;
        from = end;
        continue;
      }
      // What begins before a partial match does not match.
      if (result == PCRE2_ERROR_PARTIAL) from = found().begin;
      if (match_at(from)) return found();
      if (from == text_.size()) return std::nullopt;
      from += utf8::decode(text_.substr(from)).length;
    }
  }

 private:
  // Tries one place, as hard as the budget allows.
  bool match_at(std::size_t from) {
    for (unsigned effort = 1; effort <= kMaxEffort; ++effort) {
      const std::size_t cost = (kWindow + kSteps) << (kEffortShift * effort);
      if (cost > budget_) break;
      const std::size_t end = window_end(from, effort);
      budget_ -= std::min(cost, end - from + (std::size_t{kSteps} << (kEffortShift * effort)));
      const int result = run(from, end, effort, PCRE2_ANCHORED);
      if (result >= 0) return true;
      if (result == PCRE2_ERROR_NOMATCH) return false;
    }
    fail(Errc::ResourceExhausted, "regex", "a pattern of this tokenizer takes too long at byte ", from,
         " of a text of ", text_.size());
  }

  int run(std::size_t from, std::size_t end, unsigned effort, std::uint32_t options) {
    pcre2_set_match_limit(context_.get(), kSteps << (kEffortShift * effort));
    if (end < text_.size()) options |= PCRE2_PARTIAL_HARD;
    const int result = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), end, from,
                                   options | PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
    const bool known = result >= 0 || result == PCRE2_ERROR_NOMATCH || result == PCRE2_ERROR_PARTIAL ||
                       result == PCRE2_ERROR_MATCHLIMIT;
    if (!known) fail(Errc::ResourceExhausted, "regex", "matching stopped: ", message_of(result));
    return result;
  }

  std::size_t window_end(std::size_t from, unsigned effort) const {
    std::size_t end = std::min(text_.size() - from, kWindow << (kEffortShift * effort)) + from;
    while (end < text_.size() && (static_cast<std::uint8_t>(text_[end]) & 0xC0U) == 0x80U) --end;
    return end;
  }

  Regex::Match found() const {
    const auto* const span = pcre2_get_ovector_pointer(data_.get());
    return {span[0], span[1]};
  }

  const pcre2_code* code_;
  std::string_view text_;
  MatchData data_;
  MatchContext context_;
  std::size_t budget_;
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
  Search search(static_cast<const pcre2_code*>(code_.get()), text);
  std::vector<Match> matches;
  std::size_t from = 0;
  while (const auto match = search.next(from)) {
    from = match->end;
    const bool again = !matches.empty() && match->begin == match->end && matches.back().end == match->end;
    if (!again) matches.push_back(*match);
    if (match->begin != match->end) continue;
    if (from == text.size()) break;
    if (again) from += utf8::decode(text.substr(from)).length;
  }
  return matches;
}

bool Regex::matches(std::string_view text) const {
  const auto match = Search(static_cast<const pcre2_code*>(code_.get()), text).next(0);
  return match && match->begin == 0 && match->end == text.size();
}

}  // namespace lateral::format
