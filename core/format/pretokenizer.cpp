#include "core/format/pretokenizer.hpp"

#include "core/base/error.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/normalizer.hpp"

namespace lateral::format {
namespace {

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

// Matches and what lies between them, covering the whole text; empty parts are left out.
std::vector<Part> parts_of(std::size_t size, const std::vector<Regex::Match>& matches, bool invert) {
  std::vector<Part> parts;
  std::size_t at = 0;
  const auto push = [&](std::size_t begin, std::size_t end, bool match) {
    if (begin != end) parts.push_back({begin, end, match != invert});
  };
  for (const auto match : matches) {
    push(at, match.begin, false);
    push(match.begin, match.end, true);
    at = match.end;
  }
  push(at, size, false);
  return parts;
}

}  // namespace

Pretokenizer Pretokenizer::byte_level(bool add_prefix_space, bool split_digits) {
  Pretokenizer result;
  if (split_digits) result.steps_.push_back(digits(true));
  result.steps_.push_back(
      ByteLevel{add_prefix_space, {Split{Regex(byte_level::kWords), Behavior::Isolated, false}}});
  return result;
}

Pretokenizer::Split Pretokenizer::digits(bool individual) {
  return {Regex("\\p{N}"), individual ? Behavior::Isolated : Behavior::Contiguous, false};
}

Pretokenizer::Split Pretokenizer::split_from(const json::Value& value) {
  const auto name = value.at("behavior").as_string();
  Split split{std::string(), Behavior::Isolated, value.get("invert", false)};
  if (name == "Removed")
    split.behavior = Behavior::Removed;
  else if (name == "MergedWithPrevious")
    split.behavior = Behavior::MergedWithPrevious;
  else if (name == "MergedWithNext")
    split.behavior = Behavior::MergedWithNext;
  else if (name == "Contiguous")
    split.behavior = Behavior::Contiguous;
  else if (name != "Isolated")
    value.at("behavior").reject("a behaviour of Split");
  const auto pattern = value.at("pattern");
  if (const auto text = pattern.find("String")) {
    split.pattern = pattern_text(*text);
  } else {
    split.pattern = Regex(pattern.at("Regex").as_string());
  }
  return split;
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
  return {metaspace_of(value), prepend, value.get("split", true)};
}

void Pretokenizer::add(const json::Value& value) {
  const auto type = value.at("type").as_string();
  if (type == "Sequence") {
    const auto list = value.at("pretokenizers");
    for (std::size_t i = 0; i < list.size(); ++i) add(list[i]);
    if (steps_.size() > kMaxSteps) list.reject("at most " + std::to_string(kMaxSteps) + " steps");
  } else if (type == "ByteLevel") {
    for (const auto& step : steps_) {
      // Each doubles the text.
      if (std::holds_alternative<ByteLevel>(step)) value.reject("one ByteLevel only");
    }
    ByteLevel step{value.get("add_prefix_space", true), {}};
    if (value.get("use_regex", true))
      step.words.push_back({Regex(byte_level::kWords), Behavior::Isolated, false});
    steps_.push_back(std::move(step));
  } else if (type == "Metaspace") {
    steps_.push_back(metaspace_from(value));
  } else if (type == "Split") {
    steps_.push_back(split_from(value));
  } else if (type == "Digits") {
    steps_.push_back(digits(value.get("individual_digits", false)));
  } else {
    refuse_part("pre_tokenizer", value);
  }
}

void Pretokenizer::run(const Split& step, Piece piece, Pieces& out) {
  const auto* const wanted = std::get_if<std::string>(&step.pattern);
  const auto matches =
      wanted != nullptr ? find_text(piece.text, *wanted) : std::get<Regex>(step.pattern).find_all(piece.text);
  auto parts = parts_of(piece.text.size(), matches, step.invert);
  std::vector<Part> kept;
  for (const auto part : parts) {
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
    out.push_back({piece.text.substr(part.begin, part.end - part.begin), piece.at_start && part.begin == 0});
  }
}

void Pretokenizer::run(const ByteLevel& step, Piece piece, Pieces& out) {
  if (step.add_prefix_space && !piece.text.starts_with(' ')) piece.text.insert(0, 1, ' ');
  const std::size_t first = out.size();
  if (step.words.empty()) {
    out.push_back(std::move(piece));
  } else {
    run(step.words.front(), std::move(piece), out);
  }
  for (std::size_t i = first; i < out.size(); ++i) out[i].text = byte_level::to_chars(out[i].text);
}

void Pretokenizer::run(const Metaspace& step, Piece piece, Pieces& out) {
  piece.text = replace_all(piece.text, " ", step.replacement);
  const bool wanted = step.prepend == Metaspace::Prepend::Always ||
                      (step.prepend == Metaspace::Prepend::First && piece.at_start);
  if (wanted && !piece.text.starts_with(step.replacement)) piece.text.insert(0, step.replacement);
  if (!step.split) return out.push_back(std::move(piece));
  run(Split{step.replacement, Behavior::MergedWithNext, false}, std::move(piece), out);
}

std::vector<std::string> Pretokenizer::split(std::string text, bool at_start) const {
  Pieces pieces{{std::move(text), at_start}};
  for (const auto& step : steps_) {
    Pieces next;
    for (auto& piece : pieces) {
      if (piece.text.empty()) continue;
      std::visit([&](const auto& kind) { run(kind, std::move(piece), next); }, step);
    }
    pieces = std::move(next);
  }
  std::vector<std::string> words;
  words.reserve(pieces.size());
  for (auto& piece : pieces) {
    if (!piece.text.empty()) words.push_back(std::move(piece.text));
  }
  return words;
}

}  // namespace lateral::format
