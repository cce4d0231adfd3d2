// From the files of a Hugging Face directory to the model of a tokenizer.

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/tokenizer_json.hpp"
#include "core/format/tokenizer_parts.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::detail {
namespace {

using json::Kind;
using json::Value;

constexpr std::string_view kWhere = "tokenizer";
constexpr int kMaxWord = 255;  // characters; the time for a word grows with their square

Vocabulary vocabulary_from(const Value& value, std::string_view source) {
  if (!value.is(Kind::Object)) value.reject("an object from token to id");
  Vocabulary::Entries entries;
  entries.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    entries.emplace_back(value.key(i), static_cast<TokenId>(value[i].as_int(0, INT32_MAX)));
  }
  return {entries, source};
}

std::optional<std::pair<std::string_view, std::string_view>> merge_from(std::string_view line) {
  const auto space = line.find(' ');
  if (space == line.npos || space == 0 || space + 1 == line.size()) return std::nullopt;
  if (line.find(' ', space + 1) != line.npos) return std::nullopt;
  return std::pair(line.substr(0, space), line.substr(space + 1));
}

// Either "a b" or ["a", "b"].
BpeModel::Merges merges_from(const Value& value) {
  if (!value.is(Kind::Array)) value.reject("an array of merges");
  BpeModel::Merges merges;
  merges.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto item = value[i];
    if (item.is(Kind::Array) && item.size() == 2) {
      merges.emplace_back(item[0].as_string(), item[1].as_string());
    } else if (auto merge = merge_from(item.is(Kind::String) ? item.as_string() : std::string_view())) {
      merges.push_back(*merge);
    } else {
      item.reject("two tokens");
    }
  }
  return merges;
}

// The merges lie in `text`.
BpeModel::Merges merges_from_lines(std::string_view text, const std::filesystem::path& path) {
  BpeModel::Merges merges;
  for (int number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const auto merge = merge_from(line);
    if (!merge) {
      fail(Errc::Corrupt, kWhere, path.string(), ":", number, ": expected two tokens, found ",
           json::quote(utf8::clip(line)));
    }
    merges.push_back(*merge);
  }
  return merges;
}

BpeModel bpe_from(const Value& value) {
  for (const auto* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto affix = value.find(key);
    if (affix && !affix->as_string().empty()) {
      fail(Errc::Unsupported, kWhere, affix->place(), ": this part of a BPE model is not supported");
    }
  }
  if (const auto dropout = value.find("dropout"); dropout && dropout->as_double() != 0) {
    fail(Errc::Unsupported, kWhere, dropout->place(), ": dropout would make ids random");
  }
  BpeOptions options;
  if (const auto unk = value.find("unk_token")) options.unk_token = unk->as_string();
  options.fuse_unk = value.get("fuse_unk", false);
  options.byte_fallback = value.get("byte_fallback", false);
  options.ignore_merges = value.get("ignore_merges", false);
  const auto source = value.place();
  return {vocabulary_from(value.at("vocab"), source), merges_from(value.at("merges")), options, source};
}

WordPieceModel word_piece_from(const Value& value) {
  WordPieceOptions options;
  options.unk_token = value.get("unk_token", options.unk_token);
  options.prefix = value.get("continuing_subword_prefix", options.prefix);
  if (const auto most = value.find("max_input_chars_per_word"))
    options.max_characters = static_cast<std::size_t>(most->as_int(1, kMaxWord));
  const auto source = value.place();
  return {vocabulary_from(value.at("vocab"), source), options, source};
}

}  // namespace

TokenModel model_from(const Value& value) {
  // Old files leave the type out.
  const auto type = value.get("type", value.find("merges") ? "BPE" : "");
  if (type == "BPE") return bpe_from(value);
  if (type == "WordPiece") return word_piece_from(value);
  refuse_part("model", value, "BPE and WordPiece");
}

TokenModel model_from(const std::filesystem::path& vocab, const std::filesystem::path& merges) {
  const auto file = json::read_file(vocab, kVocabularyLimits);
  const auto lines = read_text(merges, kVocabularyLimits.max_bytes);
  return BpeModel(vocabulary_from(file, vocab.string()), merges_from_lines(lines, merges), {},
                  vocab.string());
}

}  // namespace lateral::format::detail
