#include "core/format/pretokenizer.hpp"

#include "core/base/error.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/tokenizer_json.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kKnown =
    "ByteLevel, Metaspace, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer, "
    "CharDelimiterSplit, Sequence";

constexpr std::string_view kDigit = R"(\p{N})";
constexpr std::string_view kSpace = R"(\s)";
constexpr std::string_view kPunctuation = R"([!-/:-@\[-`{-~\p{P}])";
constexpr std::string_view kWordOrSigns =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\s]+)";

struct Part {
  std::size_t begin, end;
  bool match;
};

std::vector<Regex::Match> find_text(std::string_view text, std::string_view wanted) {
  std::vector<Regex::Match> matches;
  for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + wanted.size())) {
    matches.push_back({at, at + wanted.size()});
  }
  return matches;
}

// Matches and what lies between them, covering the whole text. An empty match covers nothing, but keeps its
// neighbours apart.
std::vector<Part> parts_of(std::size_t size, const std::vector<Regex::Match>& matches, bool invert) {
  std::vector<Part> parts;
  std::size_t at = 0;
  const auto push_gap = [&](std::size_t end) {
    if (at != end) parts.push_back({at, end, invert});
  };
  for (const auto match : matches) {
    push_gap(match.begin);
    parts.push_back({match.begin, match.end, !invert});
    at = match.end;
  }
  push_gap(size);
  return parts;
}

}  // namespace

Pretokenizer Pretokenizer::byte_level(bool add_prefix_space, bool split_digits) {
  Pretokenizer result;
  if (split_digits) result.add_split(kDigit, Behavior::Isolated);
  result.add_byte_level(add_prefix_space, byte_level::kWords);
  return result;
}

Pretokenizer Pretokenizer::byte_level(std::string_view words) {
  Pretokenizer result;
  result.add_byte_level(false, words);
  return result;
}

void Pretokenizer::add(const json::Value& value) {
  const auto type = value.at("type").as_string();
  if (type == "Sequence") {
    const auto list = value.at("pretokenizers");
    for (std::size_t i = 0; i < list.size(); ++i) {
      add(list[i]);
      if (steps_.size() > kMaxSteps) list.reject("at most " + std::to_string(kMaxSteps) + " steps");
    }
  } else if (type == "ByteLevel") {
    for (const auto& step : steps_) {
      // Each doubles the text.
      if (std::holds_alternative<ByteAlphabet>(step)) value.reject("one ByteLevel only");
    }
    const bool words = value.get("use_regex", true);
    add_byte_level(value.get("add_prefix_space", true), words ? byte_level::kWords : "");
  } else if (type == "Metaspace") {
    steps_.emplace_back(metaspace_from(value));
  } else if (type == "Split") {
    steps_.emplace_back(split_from(value));
  } else if (!add_simple(type, value)) {
    refuse_part("pre_tokenizer", value, kKnown);
  }
}

// Those that are a Split by another name.
bool Pretokenizer::add_simple(std::string_view type, const json::Value& value) {
  if (type == "Digits") {
    const bool alone = value.get("individual_digits", false);
    add_split(kDigit, alone ? Behavior::Isolated : Behavior::Contiguous);
  } else if (type == "Punctuation") {
    const auto behavior = value.find("behavior");
    add_split(kPunctuation, behavior ? behavior_from(*behavior) : Behavior::Isolated);
  } else if (type == "Whitespace") {
    add_split(kWordOrSigns, Behavior::Removed, true);
  } else if (type == "WhitespaceSplit") {
    add_split(kSpace, Behavior::Removed);
  } else if (type == "BertPreTokenizer") {
    add_split(kSpace, Behavior::Removed);
    add_split(kPunctuation, Behavior::Isolated);
  } else if (type == "CharDelimiterSplit") {
    steps_.emplace_back(Split{pattern_text(value.at("delimiter")), Behavior::Removed, false});
  } else {
    return false;
  }
  return true;
}

void Pretokenizer::add_byte_level(bool add_prefix_space, std::string_view words) {
  if (add_prefix_space) steps_.emplace_back(PrefixSpace{});
  if (!words.empty()) add_split(words, Behavior::Isolated);
  steps_.emplace_back(ByteAlphabet{});
}

void Pretokenizer::add_split(std::string_view pattern, Behavior behavior, bool invert) {
  steps_.emplace_back(Split{Regex(pattern), behavior, invert});
}

Pretokenizer::Behavior Pretokenizer::behavior_from(const json::Value& value) {
  const auto name = value.as_string();
  if (name == "Removed") return Behavior::Removed;
  if (name == "Isolated") return Behavior::Isolated;
  if (name == "MergedWithPrevious") return Behavior::MergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::MergedWithNext;
  if (name == "Contiguous") return Behavior::Contiguous;
  value.reject("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

Pretokenizer::Split Pretokenizer::split_from(const json::Value& value) {
  const auto behavior = behavior_from(value.at("behavior"));
  const bool invert = value.get("invert", false);
  const auto pattern = value.at("pattern");
  if (const auto text = pattern.find("String")) return {pattern_text(*text), behavior, invert};
  return {Regex(pattern.at("Regex").as_string()), behavior, invert};
}

Pretokenizer::Metaspace Pretokenizer::metaspace_from(const json::Value& value) {
  const auto scheme = value.get("prepend_scheme", value.get("add_prefix_space", true) ? "always" : "never");
  auto prepend = Metaspace::Prepend::Always;
  if (scheme == "first")
    prepend = Metaspace::Prepend::First;
  else if (scheme == "never")
    prepend = Metaspace::Prepend::Never;
  else if (scheme != "always")
    value.at("prepend_scheme").reject("always, first or never");
  return {metaspace_text(value.at("replacement")), prepend, value.get("split", true)};
}

void Pretokenizer::run(const Split& step, Piece piece, Pieces& out) {
  const auto* const wanted = std::get_if<std::string>(&step.pattern);
  const auto matches =
      wanted != nullptr ? find_text(piece.text, *wanted) : std::get<Regex>(step.pattern).find_all(piece.text);
  std::vector<Part> kept;
  for (const auto part : parts_of(piece.text.size(), matches, step.invert)) {
    Part* const last = kept.empty() ? nullptr : &kept.back();
    const bool join =
        last != nullptr && ((step.behavior == Behavior::Contiguous && last->match == part.match) ||
                            (step.behavior == Behavior::MergedWithPrevious && part.match && !last->match) ||
                            (step.behavior == Behavior::MergedWithNext && !part.match && last->match));
    if (step.behavior == Behavior::Removed && part.match) continue;
    if (!join) {
      kept.push_back(part);
      continue;
    }
    last->end = part.end;
    last->match = part.match;
  }
  for (const auto part : kept) {
    if (part.begin == part.end) continue;
    out.push_back({piece.text.substr(part.begin, part.end - part.begin), piece.at_start && part.begin == 0});
  }
}

void Pretokenizer::run(const PrefixSpace& /*step*/, Piece piece, Pieces& out) {
  if (!piece.text.starts_with(' ')) piece.text.insert(0, 1, ' ');
  out.push_back(std::move(piece));
}

void Pretokenizer::run(const ByteAlphabet& /*step*/, Piece piece, Pieces& out) {
  out.push_back({byte_level::to_chars(piece.text), piece.at_start});
}

void Pretokenizer::run(const Metaspace& step, Piece piece, Pieces& out) {
  piece.text = replace_all(piece.text, " ", step.replacement);
  const bool wanted = step.prepend == Metaspace::Prepend::Always ||
                      (step.prepend == Metaspace::Prepend::First && piece.at_start);
  if (wanted && !piece.text.starts_with(step.replacement)) piece.text.insert(0, step.replacement);
  if (!step.split) return out.push_back(std::move(piece));
  run(Split{step.replacement, Behavior::MergedWithNext, false}, std::move(piece), out);
}

std::size_t Pretokenizer::bytes_in(const Pieces& pieces) noexcept {
  std::size_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece.text.size();
  return bytes;
}

std::vector<std::string> Pretokenizer::split(std::string text, bool at_start) const {
  const std::size_t before = text.size();
  Pieces pieces{{std::move(text), at_start}};
  for (const auto& step : steps_) {
    Pieces next;
    for (auto& piece : pieces) {
      if (piece.text.empty()) continue;
      std::visit([&](const auto& kind) { run(kind, std::move(piece), next); }, step);
    }
    pieces = std::move(next);
    check_growth(before, bytes_in(pieces));
  }
  std::vector<std::string> words;
  words.reserve(pieces.size());
  for (auto& piece : pieces) {
    if (!piece.text.empty()) words.push_back(std::move(piece.text));
  }
  return words;
}

}  // namespace lateral::format
