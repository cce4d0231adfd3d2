#include "core/training/query_bank.hpp"

#include <ATen/ATen.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

QueryBank some_bank(QueryBankOptions options = {}) {
  return make_query_bank(test::small_decoder(), "small", {2, 3}, test::World().wordings(), options);
}

bool equal(const BlockQueries& a, const BlockQueries& b) {
  return at::equal(a.q, b.q) && at::equal(a.output, b.output) && at::equal(a.lse, b.lse);
}

}  // namespace

TEST_CASE("a bank of nothing, or of blocks that are not there, is refused") {
  const auto decoder = test::small_decoder();
  CHECK_THROWS_AS(make_query_bank(decoder, "small", {2}, {}), Error);
  CHECK_THROWS_AS(make_query_bank(decoder, "small", {2}, {{{}, "what"}}), Error);
  CHECK_THROWS_AS(make_query_bank(decoder, "small", {4}, test::World().wordings()), Error);
  CHECK_THROWS_AS(make_query_bank(decoder, "small", {}, test::World().wordings()), Error);
}

TEST_CASE("a bank serves the model it was made for, and the blocks it holds") {
  const auto bank = some_bank();
  CHECK_NOTHROW(bank.check_serves("small", {2, 3}));
  CHECK_THROWS_WITH(bank.check_serves("other", {2}), Catch::Contains("other"));
  CHECK_THROWS_WITH(bank.check_serves("small", {1}), Catch::Contains("block 1"));
}

TEST_CASE("queries, text outputs and log-sum-exps together give the block's own attention output") {
  const auto decoder = test::small_decoder();
  const model::Ids prompt{2, 9, 12, 30};
  const auto bank = make_query_bank(decoder, "small", {2}, {{prompt, "what"}});
  const auto ids = at::tensor(prompt, at::kLong).unsqueeze(0);
  const auto enters = decoder.forward(0, 2, decoder.embed(ids));
  const auto leaves = decoder.forward(2, 3, enters);
  const auto view = decoder.block(2);
  const auto merged = bank.of(2).output.transpose(0, 1).unsqueeze(0);  // [1, heads, T, head_dim]
  CHECK(at::allclose(view.ffn(view.finish_attention(enters, merged)), leaves, 1e-5, 1e-5));
  // The first position sees itself alone: its log-sum-exp is its own score.
  const auto normed = view.attention_norm(enters);
  const auto key = view.expand_kv(view.project_k(normed)).select(2, 0)[0];  // position 0 is not turned
  const auto score = (bank.of(2).q[0] * key).sum(-1) / std::sqrt(8.0);
  CHECK(at::allclose(bank.of(2).lse[0], score, 1e-5, 1e-5));
}

TEST_CASE("a bank of a model with ALiBi and one with windows gives the block's own attention output too") {
  model::DecoderSpec alibi = test::small_decoder().spec();
  alibi.family = "bloom";
  alibi.kv_heads = alibi.heads;
  alibi.qkv = model::QkvLayout::HeadMajor;
  alibi.positions = model::PositionKind::Alibi;
  model::DecoderSpec windows = test::small_decoder().spec();
  windows.windows = {0, 0, 2, 0};
  for (const auto& spec : {alibi, windows}) {
    const auto decoder = model::Decoder::random(spec, 3, 0.25);
    const model::Ids prompt{2, 9, 12, 30, 4};
    const auto bank = make_query_bank(decoder, "small", {2}, {{prompt, "what"}});
    const auto enters = decoder.forward(0, 2, decoder.embed(at::tensor(prompt, at::kLong).unsqueeze(0)));
    const auto merged = bank.of(2).output.transpose(0, 1).unsqueeze(0);
    CHECK(at::allclose(decoder.block(2).finish(enters, merged), decoder.forward(2, 3, enters), 1e-5, 1e-5));
  }
}

TEST_CASE("a bank keeps at most the positions it may, the same ones in every block and every time") {
  QueryBankOptions options;
  options.max_positions = 7;
  const auto few = some_bank(options);
  CHECK(some_bank().positions() == 4 + 5 + 3 + 6);
  CHECK(few.positions() == 7);
  CHECK(equal(few.of(3), some_bank(options).of(3)));
}

TEST_CASE("a saved bank comes back whole, the same bytes each time; damaged files are refused") {
  const test::TemporaryFolder folder;
  const auto bank = some_bank();
  save_query_bank(folder / "bank", bank);
  save_query_bank(folder / "again", bank);
  const auto bytes = read_text(folder / "bank", 1 << 24);
  CHECK(bytes == read_text(folder / "again", 1 << 24));
  const auto loaded = load_query_bank(folder / "bank");
  CHECK(loaded.model == "small");
  CHECK(loaded.blocks == bank.blocks);
  for (const auto block : bank.blocks) CHECK(equal(loaded.of(block), bank.of(block)));
  REQUIRE(loaded.questions.size() == bank.questions.size());
  CHECK(loaded.questions[3].prompt == bank.questions[3].prompt);
  CHECK(loaded.questions[3].type == "name");
  CHECK_THROWS_AS(load_query_bank(folder / "missing"), Error);
  test::write_file(folder / "cut", bytes.substr(0, bytes.size() - 9));
  CHECK_THROWS_AS(load_query_bank(folder / "cut"), Error);
}
