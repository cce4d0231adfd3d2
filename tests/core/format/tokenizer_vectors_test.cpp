// The recorded texts and ids of three real vocabularies: GPT-2 (byte-level BPE), Phi-3 (Llama 2's SentencePiece-style
// BPE with byte fallback), BERT (WordPiece).

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/format/tokenizer.hpp"
#include "gguf.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::format;
using test::Gguf;
using test::TemporaryFolder;

namespace {

constexpr std::uint64_t kMost = 8U << 20U;
constexpr std::size_t kVectors = 47;

struct Vectors {
  std::vector<std::string> texts;
  std::vector<std::vector<TokenId>> ids;
};

Vectors read_vectors(const std::filesystem::path& stem) {
  constexpr std::string_view kMark = "\n__ggml_vocab_test__\n";
  Vectors vectors;
  const auto text = read_text(stem.string() + ".inp", kMost);
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(kMark, at), text.size());
    vectors.texts.push_back(text.substr(at, end - at));
    at = end + kMark.size();
  }
  // The last line may be empty: no ids.
  const auto lines = read_text(stem.string() + ".out", kMost);
  for (std::size_t at = 0; at <= lines.size();) {
    const auto end = std::min(lines.find('\n', at), lines.size());
    std::istringstream numbers(lines.substr(at, end - at));
    vectors.ids.emplace_back();
    for (TokenId id = 0; numbers >> id;) vectors.ids.back().push_back(id);
    at = end + 1;
  }
  return vectors;
}

void check_vectors(const Tokenizer& tokenizer, const Vectors& vectors) {
  REQUIRE(vectors.texts.size() == kVectors);
  REQUIRE(vectors.ids.size() == kVectors);
  for (std::size_t i = 0; i < kVectors; ++i) {
    INFO(vectors.texts[i]);
    CHECK(tokenizer.encode(vectors.texts[i], false) == vectors.ids[i]);
  }
}

Tokenizer load_text(const std::string& tokenizer_json) {
  const TemporaryFolder folder;
  test::write_file(folder / "tokenizer.json", tokenizer_json);
  return Tokenizer::load(folder.path());
}

// A merge for every way to put a token together from two others, by the token's score.
void write_merges(const Gguf& gguf, json::Writer& out) {
  const auto& tokens = gguf.texts("tokenizer.ggml.tokens");
  const auto& scores = gguf.numbers("tokenizer.ggml.scores");
  const auto& types = gguf.numbers("tokenizer.ggml.token_type");
  const std::unordered_set<std::string_view> known(tokens.begin(), tokens.end());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (types[i] == 1) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  out.key("merges").begin_array();
  for (const auto i : order) {
    const std::string_view token = tokens[i];
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = token.substr(0, cut), right = token.substr(cut);
      if (known.contains(left) && known.contains(right))
        out.begin_array().value(left).value(right).end_array();
    }
  }
  out.end_array();
}

std::string sentencepiece_file(const Gguf& gguf) {
  const auto& tokens = gguf.texts("tokenizer.ggml.tokens");
  json::Writer out;
  out.begin_object()
      .key("normalizer")
      .begin_object()
      .member("type", "Sequence")
      .key("normalizers")
      .begin_array();
  out.begin_object().member("type", "Prepend").member("prepend", "▁").end_object();
  out.begin_object()
      .member("type", "Replace")
      .key("pattern")
      .begin_object()
      .member("String", " ")
      .end_object();
  out.member("content", "▁").end_object().end_array().end_object();
  out.key("model").begin_object().member("type", "BPE").member("unk_token", "<unk>");
  out.member("fuse_unk", true).member("byte_fallback", true).key("vocab").begin_object();
  for (std::size_t i = 0; i < tokens.size(); ++i) out.member(tokens[i], static_cast<std::int64_t>(i));
  out.end_object();
  write_merges(gguf, out);
  out.end_object().end_object();
  return std::move(out).text();
}

// There a token that begins a word carries a mark, here one that does not.
std::string word_piece_file(const Gguf& gguf) {
  constexpr std::string_view kMark = "▁";
  const auto& tokens = gguf.texts("tokenizer.ggml.tokens");
  const auto& types = gguf.numbers("tokenizer.ggml.token_type");
  json::Writer out;
  out.begin_object().key("normalizer").begin_object().member("type", "BertNormalizer").end_object();
  out.key("pre_tokenizer").begin_object().member("type", "BertPreTokenizer").end_object();
  out.key("model").begin_object().member("type", "WordPiece").key("vocab").begin_object();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool begins = tokens[i].starts_with(kMark);
    const auto plain = begins ? tokens[i].substr(kMark.size()) : types[i] == 1 ? "##" + tokens[i] : tokens[i];
    out.member(plain, static_cast<std::int64_t>(i));
  }
  out.end_object().end_object().end_object();
  return std::move(out).text();
}

}  // namespace

TEST_CASE("GPT-2's vocabulary gives all 47 recorded vectors") {
  const auto data = test::real_data("tokenizers");
  if (!data) return;
  const TemporaryFolder folder;
  std::filesystem::copy(*data / "gpt2/encoder.json", folder / "vocab.json");
  std::filesystem::copy(*data / "gpt2/vocab.bpe", folder / "merges.txt");
  check_vectors(Tokenizer::load(folder.path()), read_vectors(*data / "ggml/ggml-vocab-gpt-2.gguf"));
}

TEST_CASE("Llama 2's vocabulary, as Phi-3 has it, gives all 47 recorded vectors") {
  const auto data = test::real_data("tokenizers");
  if (!data) return;
  const auto stem = *data / "ggml/ggml-vocab-phi-3.gguf";
  check_vectors(load_text(sentencepiece_file(Gguf(read_text(stem, kMost)))), read_vectors(stem));
}

TEST_CASE("BERT's vocabulary gives all 47 recorded vectors") {
  const auto data = test::real_data("tokenizers");
  if (!data) return;
  const auto stem = *data / "ggml/ggml-vocab-bert-bge.gguf";
  check_vectors(load_text(word_piece_file(Gguf(read_text(stem, kMost)))), read_vectors(stem));
}
