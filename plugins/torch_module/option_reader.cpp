#include "plugins/torch_module/option_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace lateral::plugins {
namespace {

constexpr std::size_t kMaxAxes = 8;
constexpr std::int64_t kMaxNumbers = 1LL << 31U;  // of a tensor

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  constexpr std::string_view kBetween = " ,\t";
  while ((text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBetween))), !text.empty())) {
    words.emplace_back(text.substr(0, text.find_first_of(kBetween)));
    text.remove_prefix(words.back().size());
  }
  return words;
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether a tensor of these sizes is small enough; -1 counts as 1.
bool bounded(const std::vector<std::int64_t>& sizes) {
  std::int64_t room = kMaxNumbers;
  for (const auto size : sizes) room /= std::max<std::int64_t>(size, 1);
  return room > 0;
}

/// What reads back to the same number: std::to_string's text where it does, because token spaces were made of it.
std::string exact(double number) {
  auto text = std::to_string(number);
  double read = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (error == std::errc() && end == text.data() + text.size() && read == number) return text;
  std::array<char, 32> shortest{};
  return {shortest.data(), std::to_chars(shortest.data(), shortest.data() + shortest.size(), number).ptr};
}

}  // namespace

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const auto size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

void OptionReader::remember(const std::string& key, const std::string& value) {
  if (has(key)) identity_ += key + "=" + value + ";";
}

std::string OptionReader::text(const std::string& key, const char* fallback) {
  auto value = options_.get(key, fallback);
  remember(key, value);
  return value;
}

std::string OptionReader::needed_text(const std::string& key, const char* example) {
  auto value = text(key, "");
  if (value.empty())
    sdk::fail(LAT_INVALID_ARGUMENT, "the option ", key, " is needed, as in ", key, " = ", example);
  return value;
}

std::string OptionReader::choice(const std::string& key, std::initializer_list<const char*> choices) {
  auto value = text(key, *choices.begin());
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  std::string known;
  for (const char* const one : choices) known += (known.empty() ? "" : ", ") + std::string(one);
  sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, ": \"", value, "\" is none of: ", known);
}

bool OptionReader::flag(const std::string& key, bool fallback) {
  const bool value = options_.get(key, fallback);
  remember(key, value ? "true" : "false");
  return value;
}

std::int64_t OptionReader::integer(const std::string& key, std::int64_t fallback, std::int64_t least,
                                   std::int64_t most) {
  const auto value = options_.get(key, fallback);
  if (has(key) && (value < least || value > most)) {
    sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, ": ", value, " is not within ", least, " and ", most);
  }
  remember(key, std::to_string(value));
  return value;
}

double OptionReader::number(const std::string& key, double fallback) {
  const double value = options_.get(key, fallback);
  if (!std::isfinite(value)) sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, " is not finite");
  remember(key, exact(value));
  return value;
}

std::vector<std::int64_t> OptionReader::sizes(const std::string& key, bool any) {
  auto value = options_.get(key, sdk::Options::Integers());
  const auto good = [any](std::int64_t size) {
    return (size >= 1 && size <= kMaxNumbers) || (any && size == -1);
  };
  if (has(key) &&
      (value.empty() || value.size() > kMaxAxes || !std::all_of(value.begin(), value.end(), good))) {
    sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, ": ", text_of(value), " is not a list of 1 to 8 sizes",
              any ? ", -1 = any" : "");
  }
  if (!bounded(value)) {
    sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, ": ", text_of(value), " is more than ", kMaxNumbers,
              " numbers; declare smaller sizes");
  }
  remember(key, text_of(value));
  return value;
}

std::vector<std::string> OptionReader::names(const std::string& key) {
  const auto value = text(key, "");
  auto words = words_of(value);
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (!std::all_of(word->begin(), word->end(), plain) || std::find(words.begin(), word, *word) != word) {
      sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, ": \"", value,
                "\" must be different names of letters, digits and _");
    }
  }
  return words;
}

std::vector<double> OptionReader::numbers(const std::string& key) {
  const auto value = text(key, "");
  std::vector<double> numbers;
  for (const auto& word : words_of(value)) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), numbers.emplace_back());
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(numbers.back())) {
      sdk::fail(LAT_INVALID_ARGUMENT, "option ", key, ": \"", value,
                "\" must be numbers, as in \"0.485, 0.456, 0.406\"");
    }
  }
  return numbers;
}

}  // namespace lateral::plugins
