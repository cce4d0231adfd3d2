#include "core/format/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/error.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::unicode {
namespace {

using Points = std::vector<utf8proc_int32_t>;

// U+FDFA has 18 characters in NFKD; nothing has more.
constexpr std::size_t kLongest = 32;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
}

auto combining_class(utf8proc_int32_t point) {
  return utf8proc_get_property(point)->combining_class;
}

Points decompose(std::string_view text, int options) {
  Points points;
  points.reserve(text.size());
  std::array<utf8proc_int32_t, kLongest> part{};
  while (!text.empty()) {
    const auto next = utf8::decode(text);
    text.remove_prefix(next.length);
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(next.point), part.data(),
                                               part.size(), static_cast<utf8proc_option_t>(options), nullptr);
    if (count < 0 || static_cast<std::size_t>(count) > part.size()) {
      fail(Errc::Internal, "unicode", utf8proc_errmsg(count));
    }
    points.insert(points.end(), part.begin(), part.begin() + count);
  }
  return points;
}

// The library's own ordering takes time squared in the length of a run of accents.
void order_accents(Points& points) {
  const auto is_starter = [](auto point) { return combining_class(point) == 0; };
  for (auto run = points.begin(); run != points.end();) {
    run = std::find_if_not(run, points.end(), is_starter);
    const auto end = std::find_if(run, points.end(), is_starter);
    std::stable_sort(run, end, [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    run = end;
  }
}

std::string to_text(const Points& points, std::size_t count) {
  std::string text;
  text.reserve(count);
  for (std::size_t i = 0; i < count; ++i) utf8::append(text, static_cast<char32_t>(points[i]));
  return text;
}

auto category(char32_t point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(point));
}

}  // namespace

std::string normalize(std::string_view text, Form form) {
  if (is_ascii(text)) return std::string(text);
  int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
  if (form == Form::NFKC || form == Form::NFKD) options |= UTF8PROC_COMPAT;
  Points points = decompose(text, options);
  order_accents(points);
  if (form == Form::NFD || form == Form::NFKD) return to_text(points, points.size());
  const auto count =
      utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (count < 0) fail(Errc::Internal, "unicode", utf8proc_errmsg(count));
  return to_text(points, static_cast<std::size_t>(count));
}

std::string lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto next = utf8::decode(text);
    text.remove_prefix(next.length);
    if (next.point == 0x130) {
      out += "i\u0307";  // the one letter whose lower case is two characters
    } else {
      utf8::append(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(next.point))));
    }
  }
  return out;
}

bool is_mark(char32_t point) noexcept {
  const auto kind = category(point);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC || kind == UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(char32_t point) noexcept {
  return category(point) == UTF8PROC_CATEGORY_MN;
}

bool is_control(char32_t point) noexcept {
  const auto kind = category(point);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO;
}

}  // namespace lateral::format::unicode
