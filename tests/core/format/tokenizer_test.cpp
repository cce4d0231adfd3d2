#include "core/format/tokenizer.hpp"

#include "core/base/random.hpp"
#include "core/format/bpe_trainer.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::format;
using test::TemporaryFolder;
using test::thrown_by;

namespace {

// Writes a parsed value back, so that a part of the fixture can be loaded as a file of its own.
void copy(const json::Value& value, json::Writer& out) {
  switch (value.kind()) {
    case json::Kind::Null:
      out.null();
      break;
    case json::Kind::Bool:
      out.value(value.as_bool());
      break;
    case json::Kind::Integer:
      out.value(value.as_int());
      break;
    case json::Kind::Real:
      out.value(value.as_double());
      break;
    case json::Kind::String:
      out.value(value.as_string());
      break;
    case json::Kind::Array:
      out.begin_array();
      for (std::size_t i = 0; i < value.size(); ++i) copy(value[i], out);
      out.end_array();
      break;
    case json::Kind::Object:
      out.begin_object();
      for (std::size_t i = 0; i < value.size(); ++i) copy(value[i], out.key(value.key(i)));
      out.end_object();
      break;
  }
}

std::string text_of(const json::Value& value) {
  json::Writer out;
  copy(value, out);
  return std::move(out).text();
}

std::vector<TokenId> ids_from(const json::Value& value) {
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < value.size(); ++i) ids.push_back(static_cast<TokenId>(value[i].as_int()));
  return ids;
}

json::Value oracle() {
  return json::read_file(test::repository() / "tests/fixtures/tokenizer/oracle.json");
}

Tokenizer load_text(std::string_view tokenizer_json) {
  const TemporaryFolder folder;
  test::write_file(folder / "tokenizer.json", tokenizer_json);
  return Tokenizer::load(folder.path());
}

// A tiny byte-level tokenizer; `changes` are further members of the file.
std::string tiny(std::string_view changes, std::string_view model = "") {
  return lateral::detail::concat(R"({)", changes,
                                 changes.find("pre_tokenizer") == changes.npos
                                     ? R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},)"
                                     : "",
                                 R"("model": {)", model.find("type") == model.npos ? R"("type": "BPE",)" : "",
                                 R"("vocab": {"a": 0, "b": 1, "ab": 2},)", model, R"("merges": ["a b"]}})");
}

/// A tokenizer.json with these added tokens and "</s>" (3) and "<x>" (4) in its vocabulary, and one file beside it.
Tokenizer load_beside(const std::string& added, const std::string& file, std::string_view content) {
  const TemporaryFolder folder;
  test::write_file(
      folder / "tokenizer.json",
      R"({"added_tokens": [)" + added +
          R"(], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"},
          "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "</s>": 3, "<x>": 4}, "merges": ["a b"]}})");
  test::write_file(folder / file, content);
  return Tokenizer::load(folder.path());
}

/// What becomes of a text and back again, special tokens left out.
std::string there_and_back(const Tokenizer& tokenizer, std::string_view text,
                           const std::vector<TokenId>& expected) {
  CHECK(tokenizer.encode(text) == expected);
  return tokenizer.decode(expected);
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  StreamDecoder stream(tokenizer);
  std::string text;
  for (const auto id : ids) {
    const auto part = stream.push(id);
    CHECK(utf8::is_valid(part));
    text += part;
  }
  return text + stream.finish();
}

}  // namespace

TEST_CASE("ids and text equal those of the tokenizers package") {
  const auto all = oracle();
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all.key(i));
    const auto tokenizer = load_text(text_of(all[i].at("tokenizer")));
    const auto encode = all[i].at("encode");
    for (std::size_t j = 0; j < encode.size(); ++j) {
      const auto text = encode[j].at("text").as_string();
      INFO(text);
      const auto ids = tokenizer.encode(text);
      CHECK(ids == ids_from(encode[j].at("ids")));
      CHECK(tokenizer.decode(ids) == encode[j].at("decoded").as_string());
      CHECK(streamed(tokenizer, ids) == encode[j].at("decoded").as_string());
    }
    const auto decode = all[i].at("decode");
    for (std::size_t j = 0; j < decode.size(); ++j) {
      CHECK(tokenizer.decode(ids_from(decode[j].at("ids"))) == decode[j].at("text").as_string());
    }
  }
}

TEST_CASE("a part that is not known is refused by its name") {
  const auto refusal = [](std::string_view changes, std::string_view model = "") {
    return thrown_by([&] { load_text(tiny(changes, model)); });
  };
  CHECK(refusal(R"("normalizer": {"type": "Nmt"},)").mentions(R"($.normalizer: the normalizer "Nmt")"));
  CHECK(refusal(R"("decoder": {"type": "CTC"},)").mentions("\"CTC\""));
  CHECK(refusal(R"("post_processor": {"type": "Own"},)").mentions("\"Own\""));
  CHECK(refusal(R"("pre_tokenizer": {"type": "UnicodeScripts"},)").mentions("known are ByteLevel"));
  CHECK(refusal("", R"("type": "Unigram",)").mentions("the model \"Unigram\" is not supported"));
  CHECK(refusal("", R"("dropout": 0.1,)").mentions("dropout"));
  CHECK(refusal("", R"("end_of_word_suffix": "</w>",)").mentions("$.model.end_of_word_suffix"));
  CHECK_NOTHROW(load_text(tiny("")));
}

TEST_CASE("a tokenizer.json that contradicts itself is Corrupt") {
  const auto model = [](std::string_view vocab, std::string_view merges) {
    return thrown_by([&] {
      load_text(lateral::detail::concat(R"({"model": {"vocab": )", vocab, R"(, "merges": )", merges, "}}"));
    });
  };
  CHECK(model(R"({"a": 0})", R"(["a b"])").mentions("merge 0 needs the token \"b\""));
  CHECK(model(R"({"a": 0, "b": 1})", R"(["a b"])").mentions("\"ab\""));
  CHECK(model(R"({"a": 0, "b": 0})", "[]").mentions("id 0 is given twice"));
  CHECK(model(R"({"a": 2000000000})", "[]").mentions("id 2000000000"));
  CHECK(model(R"({"a": -1})", "[]").mentions("found -1"));
  CHECK(model(R"({"a": 0})", R"(["a"])").mentions("$.model.merges[0]: expected two tokens"));
  CHECK(thrown_by([] { load_text(tiny(R"("added_tokens": [{"id": 1, "content": "x"}],)")); }).code ==
        Errc::Corrupt);
  const TemporaryFolder empty;
  CHECK(thrown_by([&] { Tokenizer::load(empty.path()); }).code == Errc::NotFound);
}

TEST_CASE("replacements that grow without bound and endless backtracking stop with one error") {
  std::string steps;
  for (int i = 0; i < 30; ++i) {
    steps += R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaaaaaa"},)";
  }
  steps.pop_back();
  const auto growing =
      load_text(tiny(R"("normalizer": {"type": "Sequence", "normalizers": [)" + steps + "]},"));
  CHECK(thrown_by([&] { growing.encode("aaaaaaaa"); }).code == Errc::ResourceExhausted);
  const auto slow = load_text(
      tiny(R"("normalizer": {"type": "Replace", "pattern": {"Regex": "(a+)+$x"}, "content": ""},)"));
  CHECK(thrown_by([&] { slow.encode(std::string(40, 'a') + "bx"); }).code == Errc::ResourceExhausted);
}

TEST_CASE("what a decoder puts in place of a match is bounded before any token is decoded") {
  const std::string decoder =
      R"("decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "a"},)"
      R"("content": ")" +
      std::string(100, 'x') + R"("}, {"type": "Fuse"}]},)";
  CHECK(thrown_by([&] { load_text(tiny(decoder)); }).mentions("at most 64 bytes"));
}

TEST_CASE("chained parts that each grow within bounds stop with one error before memory does") {
  const auto chain = [](int count, const auto& part) {
    std::string parts;
    for (int i = 0; i < count; ++i) parts += (i == 0 ? "" : ",") + part(i);
    return parts;
  };
  const auto doubling = chain(14, [](int) {
    return std::string(R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"})");
  });
  const auto decoding =
      load_text(tiny(R"("decoder": {"type": "Sequence", "decoders": [)" + doubling + "]},"));
  CHECK(thrown_by([&] { decoding.decode(std::vector<TokenId>{0}); }).code == Errc::ResourceExhausted);
  StreamDecoder stream(decoding);
  CHECK(thrown_by([&] { stream.push(0); }).code == Errc::ResourceExhausted);
  // Each character gets one more before it, and is cut from it.
  const auto cutting = chain(15, [](int i) {
    return lateral::detail::concat(
        R"({"type": "Metaspace", "split": false, "replacement": ")", i % 2 == 0 ? "x" : "y",
        R"("}, {"type": "Split", "pattern": {"Regex": "\\S"}, "behavior": "Isolated"})");
  });
  const auto growing =
      load_text(tiny(R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [)" + cutting + "]},"));
  CHECK(thrown_by([&] { growing.encode("a"); }).code == Errc::ResourceExhausted);
}

TEST_CASE("an added token may not become long when it is normalized") {
  const auto text =
      tiny(R"("normalizer": {"type": "Replace", "pattern": {"String": "x"}, "content": ")" +
           std::string(60, 'y') + R"("}, "added_tokens": [{"id": 3, "content": "xxxxxxxxxx"}],)");
  CHECK(thrown_by([&] { load_text(text); }).mentions("600 bytes when it is normalized"));
}

TEST_CASE("white space that one added token swallows and others are made of takes time in proportion") {
  const auto tokenizer = load_text(
      tiny(R"("added_tokens": [{"id": 3, "content": " ", "rstrip": true}, {"id": 4, "content": "\t"}],)"));
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += " \t";
  CHECK(tokenizer.encode(text).size() == 1'000'000);
}

TEST_CASE("keys from the file are shown bounded and without control characters") {
  const auto error =
      thrown_by([] { load_text(R"({"model": {"vocab": {"\u001b[2J": "x"}, "merges": []}})"); });
  CHECK(error.mentions("vocab.\\x1B[2J"));
  const auto missing = thrown_by([] {
    load_text(tiny(R"("post_processor": {"type": "TemplateProcessing", "special_tokens": {}, "single": [)"
                   R"({"SpecialToken": {"id": ")" +
                   std::string(5000, 'x') + R"("}}]},)"));
  });
  CHECK(missing.mentions("is missing"));
  CHECK(missing.message.size() < 300);
}

TEST_CASE("a template may add no id that has no token, before the text or behind it") {
  for (const auto* order : {R"({"SpecialToken": {"id": "x"}}, {"Sequence": {}})",
                            R"({"Sequence": {}}, {"SpecialToken": {"id": "x"}})"}) {
    CAPTURE(order);
    const auto text =
        lateral::detail::concat(R"("post_processor": {"type": "TemplateProcessing", "single": [)", order,
                                R"(], "special_tokens": {"x": {"ids": [77]}}},)");
    CHECK(thrown_by([&] { load_text(tiny(text)); }).mentions("the post_processor adds id 77"));
  }
}

TEST_CASE("many added tokens take time in proportion, not squared") {
  std::string list;
  for (int i = 0; i < 200'000; ++i) {
    list += lateral::detail::concat(R"({"id": )", 100 + i, R"(, "content": "<)", i, R"(>"},)");
  }
  list.pop_back();
  const auto tokenizer = load_text(tiny(R"("added_tokens": [)" + list + "],"));
  CHECK(tokenizer.encode("<199999>") == std::vector<TokenId>{200'099});
}

TEST_CASE("long words of one letter take time in proportion, not squared") {
  const auto tokenizer = load_text(tiny(""));
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += "ab";
  CHECK(tokenizer.encode(text) == std::vector<TokenId>(500'000, 2));
}

TEST_CASE("malformed UTF-8 is read as U+FFFD") {
  const auto all = oracle();
  const auto tokenizer = load_text(text_of(all.at("gpt2").at("tokenizer")));
  CHECK(tokenizer.encode("a\xff\xe4\xbd z") == tokenizer.encode("a\xef\xbf\xbd\xef\xbf\xbd z"));
  Random random(4);
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    for (int j = random.between(0, 30); j > 0; --j) bytes += static_cast<char>(random.next());
    CHECK(tokenizer.decode(tokenizer.encode(bytes)) == utf8::sanitize(bytes));
  }
}

TEST_CASE("a stream shows a character when its last byte has come, and never half of one") {
  const auto all = oracle();
  for (const auto* name : {"gpt2", "sentencepiece"}) {
    const auto tokenizer = load_text(text_of(all.at(name).at("tokenizer")));
    const auto ids =
        tokenizer.encode("\xf0\x9f\x98\x80", false);  // an emoji: four bytes, no token of its own
    StreamDecoder stream(tokenizer);
    std::string shown;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto part = stream.push(ids[i]);
      CHECK(part.empty() == (i + 1 < ids.size() && shown.empty()));
      shown += part;
    }
    CHECK(shown == "\xf0\x9f\x98\x80");
    stream.push(ids[ids.size() - 4]);
    CHECK(stream.finish() == "\xef\xbf\xbd");
    CHECK(stream.finish().empty());
  }
}

TEST_CASE("ids outside the vocabulary are passed over") {
  const auto tokenizer = load_text(tiny(R"("decoder": {"type": "ByteLevel"},)"));
  CHECK(tokenizer.decode(std::vector<TokenId>{2, -1, 3, INT32_MAX, 0}) == "aba");
  CHECK(tokenizer.vocab_size() == 3);
  CHECK(thrown_by([&] { tokenizer.token_of(3); }).code == Errc::InvalidArgument);
}

TEST_CASE("added tokens: the longest wins and white space goes where the token says") {
  const auto tokenizer = load_text(tiny(R"("decoder": {"type": "ByteLevel"}, "added_tokens": [
      {"id": 3, "content": "<a>", "special": true}, {"id": 4, "content": "<a><b>", "lstrip": true, "rstrip": true, "normalized": false}],)"));
  CHECK(tokenizer.encode("ab<a>ab") == std::vector<TokenId>{2, 3, 2});
  CHECK(tokenizer.encode("ab \t<a><b>\n ab") == std::vector<TokenId>{2, 4, 2});
  CHECK(tokenizer.decode(std::vector<TokenId>{2, 3, 4}) == "ab<a><b>");
  CHECK(tokenizer.decode(std::vector<TokenId>{2, 3, 4}, false) == "ab<a><a><b>");
}

TEST_CASE("special tokens come from the sidecar files") {
  const TemporaryFolder folder;
  test::write_file(folder / "vocab.json", R"({"a": 0, "b": 1, "ab": 2, "</s>": 3, "<pad>": 4})");
  test::write_file(folder / "merges.txt", "#version: 0.2\na b\n");
  test::write_file(folder / "config.json",
                   R"({"model_type": "opt", "bos_token_id": 3, "eos_token_id": [3, 9]})");
  test::write_file(folder / "special_tokens_map.json", R"({"pad_token": {"content": "<pad>"}})");
  const auto opt = Tokenizer::load(folder.path());
  CHECK(opt.encode("ab</s>") == std::vector<TokenId>{3, 2, 3});
  CHECK(opt.encode("ab", false) == std::vector<TokenId>{2});
  CHECK(opt.eos() == 3);
  CHECK(opt.pad() == 4);
  test::write_file(folder / "tokenizer_config.json", R"({"add_bos_token": false, "bos_token": "ab"})");
  CHECK(Tokenizer::load(folder.path()).encode("ab") == std::vector<TokenId>{2});
  CHECK(Tokenizer::load(folder.path()).bos() == 2);
}

// What is expected here and in the next cases was recorded with transformers 5.23.
TEST_CASE("a token that has a role is special, wherever it stands and whatever flags it has") {
  const std::string config = "tokenizer_config.json", map = "special_tokens_map.json";
  CHECK(there_and_back(load_beside("", config, "{}"), "ab</s>", {2}) == "ab");
  CHECK(there_and_back(load_beside("", config, R"({"eos_token": "</s>"})"), "ab</s>", {2, 3}) == "ab");
  CHECK(there_and_back(load_beside("", config, R"({"image_token": "<x>"})"), "ab<x>", {2, 4}) == "ab");
  CHECK(there_and_back(load_beside(R"({"id": 3, "content": "</s>", "special": false, "lstrip": true})",
                                   config, R"({"eos_token": "</s>"})"),
                       "ab </s>", {2, 3}) == "ab");
  CHECK(there_and_back(load_beside("", map, R"({"eos_token": {"content": "</s>", "lstrip": true}})"),
                       "ab </s>", {2, 3}) == "ab");
  const auto named = load_beside("", config, R"({"eos_token": "</s>"})");
  CHECK(named.is_special(3));
  CHECK(named.eos() == 3);
  CHECK(named.vocab_size() == 5);
}

TEST_CASE("further special tokens are special, but for added tokens that say otherwise") {
  for (const std::string file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const auto load = [&](const std::string& added, std::string_view content) {
      return load_beside(added, file, content);
    };
    CHECK(there_and_back(load("", R"({"additional_special_tokens": ["<x>"]})"), "ab<x>", {2, 4}) == "ab");
    CHECK(there_and_back(load("", R"({"extra_special_tokens": [{"content": "<x>"}]})"), "ab<x>", {2, 4}) ==
          "ab");
    CHECK(there_and_back(load("", R"({"extra_special_tokens": {"image_token": "<x>"}})"), "ab<x>", {2, 4}) ==
          "ab");
    CHECK(there_and_back(load(R"({"id": 4, "content": "<x>"})", R"({"additional_special_tokens": ["<x>"]})"),
                         "ab<x>", {2, 4}) == "ab<x>");
    CHECK_FALSE(load("", R"({"additional_special_tokens": ["<absent>"]})").id_of("<absent>"));
  }
}

TEST_CASE("tokens that only the configuration declares are known when their ids fit the vocabulary") {
  const std::string config = "tokenizer_config.json";
  const auto declared = [&](const std::string& added, const std::string& tokens) {
    return load_beside(added, config, R"({"added_tokens_decoder": {)" + tokens + "}}");
  };
  const auto next =
      declared("", R"("6": {"content": "<z>"}, "5": {"content": "<y>", "lstrip": true, "special": true})");
  CHECK(there_and_back(next, "ab <y>", {2, 5}) == "ab");
  CHECK(there_and_back(next, "<z>ab", {6, 2}) == "<z>ab");
  CHECK(next.vocab_size() == 7);
  // Its flags go before those of tokenizer.json.
  CHECK(there_and_back(declared(R"({"id": 3, "content": "</s>"})",
                                R"("3": {"content": "</s>", "lstrip": true, "special": true})"),
                       "ab </s>", {2, 3}) == "ab");
  const auto misfits = declared(
      "",
      R"("0": {"content": "</s>"}, "1": {"content": "<q>"}, "9": {"content": "<r>"}, "5": {"content": ""})");
  CHECK(misfits.vocab_size() == 5);
  CHECK(misfits.encode("ab</s>") == std::vector<TokenId>{2});
  CHECK_FALSE(misfits.id_of("<q>"));
  CHECK_FALSE(misfits.id_of("<r>"));
}

TEST_CASE("added_tokens.json gives tokens beside tokenizer.json, which no flags go with") {
  const auto tokenizer = load_beside(R"({"id": 3, "content": "</s>", "special": true})", "added_tokens.json",
                                     R"({"</s>": 3, "<y>": 5})");
  CHECK(there_and_back(tokenizer, "ab<y></s>", {2, 5, 3}) == "ab<y>");
}

TEST_CASE("vocab.json and merges.txt have their further tokens in files beside them") {
  const TemporaryFolder folder;
  test::write_file(folder / "vocab.json", R"({"a": 0, "b": 1, "ab": 2, "</s>": 3, "<pad>": 4, "<m>": 5})");
  test::write_file(folder / "merges.txt", "#version: 0.2\na b\n");
  test::write_file(folder / "added_tokens.json", R"({"<z>": 7, "<y>": 6})");
  test::write_file(folder / "special_tokens_map.json", R"({"additional_special_tokens": ["<y>"]})");
  const auto load_with = [&](std::string_view config) {
    test::write_file(folder / "tokenizer_config.json", config);
    return Tokenizer::load(folder.path());
  };
  CHECK(there_and_back(load_with(R"({"eos_token": "</s>", "mask_token": "<m>"})"), "ab<m>ab<z>ab<y>",
                       {2, 5, 2, 7, 2, 6}) == "abab<z>ab");
  CHECK(load_with(R"({"eos_token": "</s>", "add_eos_token": true})").encode("ab") ==
        std::vector<TokenId>{2, 3});
  CHECK(
      load_with(R"({"bos_token": "</s>", "eos_token": "</s>", "add_bos_token": true, "add_eos_token": true})")
          .encode("ab") == std::vector<TokenId>{3, 2, 3});
  test::write_file(folder / "config.json", R"({"mask_token_id": 5})");
  CHECK(load_with("{}").is_special(5));
}

TEST_CASE("a real SentencePiece-style tokenizer gives the recorded prompts") {
  const auto folder = test::real_data("llm_stories260k");
  if (!folder) return;
  const auto tokenizer = Tokenizer::load(*folder / "hf");
  CHECK(tokenizer.vocab_size() == 512);
  CHECK(tokenizer.bos() == 1);
  CHECK(tokenizer.eos() == 2);
  const auto prompts = json::read_file(*folder / "expected.json").at("prompts");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    CHECK(tokenizer.encode(prompts[i].at("text").as_string()) == ids_from(prompts[i].at("ids")));
  }
  const auto greedy = json::read_file(*folder / "expected_greedy.json");
  CHECK(tokenizer.decode(ids_from(greedy.at("ids_257"))) == greedy.at("text_257").as_string());
}

TEST_CASE("the vocabularies of GPT-2 and OPT give the recorded questions and answers") {
  const auto data = test::real_data("tokenizers");
  if (!data) return;
  const auto load = [&](const char* vocab) {
    const TemporaryFolder folder;
    std::filesystem::copy(*data / vocab, folder / "vocab.json");
    std::filesystem::copy(*data / "gpt2/vocab.bpe", folder / "merges.txt");
    return Tokenizer::load(folder.path());
  };
  const auto gpt2 = load("gpt2/encoder.json");
  const auto opt = load("opt/gpt2-vocab.json");
  const auto expected = json::read_file(*data / "gpt2/expected_driving.json");
  const auto questions = expected.at("questions");
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto text = questions[i].at("question").as_string();
    CHECK(gpt2.encode(text) == ids_from(questions[i].at("question_gpt2_ids")));
    CHECK(opt.encode(text) == ids_from(questions[i].at("question_opt_ids_no_special")));
  }
  const auto answers = expected.at("answers");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(gpt2.encode(answers.key(i)) == ids_from(answers[i].at("gpt2")));
    CHECK(opt.encode(answers.key(i)) == ids_from(answers[i].at("opt")));
  }
}

TEST_CASE("random changes of a tokenizer.json never do worse than throw") {
  const auto good = text_of(oracle().at("sentencepiece").at("tokenizer"));
  Random random(9);
  for (int i = 0; i < 1500; ++i) {
    auto text = good;
    for (int j = random.between(1, 3); j > 0; --j)
      text[random.below(text.size())] = static_cast<char>(random.below(128));
    try {
      const auto tokenizer = load_text(text);
      tokenizer.decode(tokenizer.encode("the car \xf0\x9f\x98\x80 there"));
    } catch (const Error&) {
    }
  }
}

TEST_CASE("a text of accents alone takes time in proportion, not squared") {
  const auto tokenizer = load_text(tiny(R"("normalizer": {"type": "NFC"},)"));
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  CHECK_NOTHROW(tokenizer.encode(text));
}

TEST_CASE("a vocabulary of a million tokens is read, with holes, and a merge for each") {
  std::string vocab = R"("a": 0, "b": 1)", merges;
  for (int i = 2; i < 1'000'000; ++i) {
    const auto token = "t" + std::to_string(i);
    vocab += ", \"" + token + "\": " + std::to_string(i + 1 + i / 10);
  }
  for (int i = 0; i < 300'000; ++i) merges += i == 0 ? R"(["a", "b"])" : R"(, ["a", "b"])";
  const auto tokenizer = load_text(R"({"model": {"type": "BPE", "vocab": {"ab": 2, )" + vocab +
                                   R"(}, "merges": [)" + merges + "]}}");
  CHECK(tokenizer.vocab_size() == 1'100'000);
  CHECK(tokenizer.encode("abab") == std::vector<TokenId>{2, 2});
  CHECK(tokenizer.token_of(11'001) == "t10000");
}

TEST_CASE("vocab.json and merges.txt are cut into words as their family does") {
  const TemporaryFolder folder;
  test::write_file(folder / "vocab.json", R"({"1": 0, "2": 1, "12": 2, "Ġ": 3, "Ã": 4, "©": 5, "Ã©": 6})");
  test::write_file(folder / "merges.txt", "1 2\nÃ ©\n");
  const auto load_as = [&](std::string_view config) {
    test::write_file(folder / "config.json", config);
    return Tokenizer::load(folder.path());
  };
  CHECK(load_as(R"({"model_type": "gpt2"})").encode("12") == std::vector<TokenId>{2});
  CHECK(load_as(R"({"model_type": "qwen2"})").encode("12") == std::vector<TokenId>{0, 1});
  CHECK(load_as(R"({"model_type": "qwen3"})").encode("e\u0301") == std::vector<TokenId>{6});
  CHECK(thrown_by([&] { load_as(R"({"model_type": "bloom"})"); }).mentions("put its tokenizer.json there"));
}

TEST_CASE("processors in a sequence put their tokens around those of the ones before") {
  const auto processor = [](int id) {
    return lateral::detail::concat(R"({"type": "RobertaProcessing", "cls": ["a", )", id,
                                   R"(], "sep": ["b", )", id, "]}");
  };
  const auto tokenizer = load_text(tiny(R"("post_processor": {"type": "Sequence", "processors": [)" +
                                        processor(0) + "," + processor(1) + "]},"));
  CHECK(tokenizer.encode("ab") == std::vector<TokenId>{1, 0, 2, 0, 1});
  CHECK(thrown_by([&] {
          load_text(tiny(R"("post_processor": )" + processor(7) + ","));
        }).mentions("adds id 7"));
}
