#include "core/connector/summary.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/base/error.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/connector/adapter_metadata.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using connector::Summary;
using connector::Tokens;

namespace {

connector::Adapter adapter_with_summary() {
  auto info = test::info_for(test::llama_spec(), {.blocks = "2,4"});
  info.summary = connector::SummaryShape{.width = 12, .segments = 3, .kinds = 5};
  info.aligner.width = 5;
  info.aligner.pairs = 4;
  connector::Adapter adapter(std::move(info));
  const c10::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : adapter.source().summary()->parameters())
    tensor.copy_(
        test::some_tokens(1, tensor.size(0), 9, tensor.numel() / tensor.size(0)).values.view(tensor.sizes()));
  return adapter;
}

}  // namespace

TEST_CASE("a summary without a size, or of another width than its aligner reads, is refused") {
  CHECK_THROWS_AS(Summary({.width = 3, .segments = 0, .kinds = 2}), Error);
  auto info = test::info_for(test::llama_spec());
  info.summary = connector::SummaryShape{.width = 12, .segments = 2, .kinds = 5};
  CHECK_THROWS_WITH(connector::Adapter(info), Catch::Contains("width 5"));
}

TEST_CASE("stretches are means of a sample's tokens in their order, and share tokens where these are few") {
  const Summary summary({.width = 1, .segments = 2, .kinds = 1});
  const auto of = [&](std::initializer_list<float> tokens) {
    const auto count = static_cast<std::int64_t>(tokens.size());
    return summary.pooled({at::tensor(std::vector<float>(tokens)).view({1, count, 1}), {}});
  };
  CHECK(at::equal(of({1, 3, 10, 20}), at::tensor({2.0F, 15.0F}).view({1, 2})));
  CHECK(at::equal(of({1, 3, 11}), at::tensor({2.0F, 7.0F}).view({1, 2})));
  CHECK(at::equal(of({4}), at::tensor({4.0F, 4.0F}).view({1, 2})));
}

TEST_CASE("absent tokens do not count: padding changes nothing, and a row without tokens stays absent") {
  const Summary summary({.width = 2, .segments = 3, .kinds = 4});
  const auto some = test::some_tokens(1, 5, 3, 2).values;
  auto padded = at::full({2, 8, 2}, 1e9F);
  padded[0].narrow(0, 2, 5).copy_(some[0]);
  auto present = at::zeros({2, 8}, at::kBool);
  present[0].narrow(0, 2, 5).fill_(true);
  CHECK(at::equal(summary.pooled({padded, present})[0], summary.pooled({some, {}})[0]));
  const auto made = summary({padded, present});
  CHECK(made.values.sizes() == at::IntArrayRef({2, 1, 4}));
  CHECK(made.present[0][0].item<bool>());
  CHECK_FALSE(made.present[1][0].item<bool>());
}

TEST_CASE(
    "a connection with a summary gives what its aligner makes of the summary's token, several pairs of it") {
  const auto adapter = adapter_with_summary();
  const auto decoder = test::small_decoder(test::llama_spec());
  auto tokens = test::some_tokens(2, 7, 4);
  tokens.present = at::ones({2, 7}, at::kBool);
  tokens.present[1].fill_(false);
  const auto read = (*adapter.source().summary())(tokens);
  const auto whole = connector::connection_of("sense", adapter);
  const auto behind = connector::connection_of("sense", adapter.behind_summary());
  const auto ids = test::some_ids(2, 6);
  const auto with = test::logits(decoder, ids, test::attachments_of({whole}, {{"sense", tokens}}, 6).get());
  const auto same = test::logits(decoder, ids, test::attachments_of({behind}, {{"sense", read}}, 6).get());
  CHECK(at::equal(with, same));
  CHECK(at::allclose(with[1], test::logits(decoder, ids)[1], 1e-4, 1e-5));
  CHECK_FALSE(at::allclose(with[0], test::logits(decoder, ids)[0], 1e-3, 1e-3));
  CHECK(adapter.source().aligner()(read.values).k.size(2) == 4);
}

TEST_CASE("an adapter with a summary comes back from its file bit for bit, and half a summary is refused") {
  const test::TemporaryFolder folder;
  const auto adapter = adapter_with_summary();
  connector::save_adapter(folder / "sense", adapter);
  const auto read = connector::load_adapter(folder / "sense", {"small", "noise-1", 12, test::llama_spec()});
  CHECK(read.info().summary == adapter.info().summary);
  CHECK(read.identity() == adapter.identity());
  CHECK_THROWS_WITH(connector::load_adapter(folder / "sense", {"small", "noise-1", 5, test::llama_spec()}),
                    Catch::Contains("token width"));

  auto metadata = connector::metadata_of(adapter.info());
  metadata.erase("summary_kinds");
  CHECK_THROWS_WITH(connector::info_of(metadata, "sense"), Catch::Contains("summary_segments"));
}
