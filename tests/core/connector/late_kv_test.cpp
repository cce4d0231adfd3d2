// A block with late keys and values against the oracle in double precision: links, masks, grouped queries, several
// modalities, low rank, both attention paths.

#include "core/connector/late_kv_source.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/base/error.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using connector::Tokens;
using model::AttentionPath;

namespace {

constexpr int kLayers = 6;

oracle::Matrix flat(const at::Tensor& heads) {  // [kv_heads, M, head_dim] -> [M, kv_heads * head_dim]
  return test::matrix(heads.transpose(0, 1).reshape({heads.size(1), -1}));
}

oracle::Segment oracle_segment(const connector::Adapter& adapter, const Tokens& tokens, int row, int place) {
  const auto [k, v] = adapter.source().aligner()(tokens.values);
  oracle::Segment segment;
  segment.k = flat(k[row]);
  segment.v = flat(v[row]);
  segment.alpha = adapter.source().links().alphas()[place].item<double>();
  if (tokens.present.defined()) {
    for (int m = 0; m < tokens.present.size(1); ++m)
      segment.present.push_back(tokens.present[row][m].item<bool>());
  }
  return segment;
}

oracle::Lora oracle_lora(const connector::KvLora& lora, int place) {
  const auto p = lora.parameters();
  const auto at = [&](int i) { return test::matrix(p[static_cast<std::size_t>(4 * place + i)].tensor); };
  return {at(0), at(1), at(2), at(3), lora.shape().alpha / static_cast<double>(lora.shape().rank)};
}

Tokens with_gaps(Tokens tokens) {
  tokens.present = at::ones({tokens.values.size(0), tokens.values.size(1)}, at::kBool);
  tokens.present[0][0] = false;
  tokens.present[1].fill_(false);
  tokens.present[1][2] = true;
  return tokens;
}

}  // namespace

TEST_CASE("late keys and values of two modalities equal the oracle in every connected block") {
  const c10::NoGradGuard no_gradients;
  const auto path = GENERATE(AttentionPath::Joint, AttentionPath::Merged, AttentionPath::Auto);
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  const auto camera = test::adapter_for(spec, {.blocks = "last:3", .seed = 3, .lora = true});
  const auto lidar = test::adapter_for(spec, {.blocks = "2,5", .seed = 4, .lora = true});
  const auto camera_tokens = with_gaps(test::some_tokens(2, 5, 1));
  const auto lidar_tokens = test::some_tokens(1, 3, 2);  // one sample for both rows
  const auto answer = test::attachments_of(
      {connector::connection_of("camera", camera), connector::connection_of("lidar", lidar)},
      {{"camera", camera_tokens}, {"lidar", lidar_tokens}}, kLayers);
  CHECK(answer->first_block() == 2);

  at::Tensor hidden = decoder.embed(test::some_ids(2, 7));
  for (int block = 2; block < kLayers; ++block) {
    model::Pass pass;
    pass.attachments = answer.get();
    pass.path = path;
    const auto found = decoder.forward(block, block + 1, hidden, pass);
    for (int row = 0; row < 2; ++row) {
      std::vector<oracle::Segment> segments;
      std::vector<oracle::Lora> loras;
      for (const auto& [adapter, tokens] :
           {std::pair{&camera, &camera_tokens}, std::pair{&lidar, &lidar_tokens}}) {
        const int place = adapter->info().blocks.index_of(block);
        if (place < 0) continue;
        const int sample = tokens->values.size(0) == 1 ? 0 : row;
        segments.push_back(oracle_segment(*adapter, *tokens, sample, place));
        loras.push_back(oracle_lora(*adapter->lora(), place));
      }
      const auto expected =
          oracle::forward(test::oracle_block(decoder, block), test::matrix(hidden[row]), segments, loras);
      CHECK(test::distance(found[row], test::tensor(expected)) < 2e-5);
    }
    hidden = found;
  }
}

TEST_CASE("the joint and the merged path agree over the whole model, for both families") {
  const c10::NoGradGuard no_gradients;
  for (const auto& spec : {test::llama_spec(), test::opt_spec()}) {
    const auto decoder = test::small_decoder(spec);
    const auto connection = test::connect("camera", spec, {.blocks = "all", .lora = true});
    const auto tokens = with_gaps(test::some_tokens(2, 5, 1));
    const auto ids = test::some_ids(2, 9);
    const auto run = [&](AttentionPath path) {
      return test::logits(decoder, ids,
                          test::attachments_of({connection}, {{"camera", tokens}}, kLayers).get(), path);
    };
    const auto joint = run(AttentionPath::Joint);
    CHECK(test::distance(joint, run(AttentionPath::Merged)) < 1e-5 * joint.abs().max().item<double>());
    CHECK(test::distance(joint, test::logits(decoder, ids)) > 1e-2);  // the modality is felt at all
  }
}

TEST_CASE("a prompt read in pieces sees what it sees at once") {
  const c10::NoGradGuard
      no_gradients;  // rule 5: with a prefix of columns the causal mask must not be top-left
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  const auto connection = test::connect("camera", spec, {.lora = true});
  const auto ids = test::some_ids(1, 9);
  const auto attach = [&] {
    return test::attachments_of({connection}, {{"camera", test::some_tokens(1, 4, 1)}}, kLayers);
  };
  const auto whole = test::logits(decoder, ids, attach().get());
  const auto answer = attach();
  model::KvCache cache(spec, 16);
  std::vector<at::Tensor> parts;
  for (const auto& [from, to] : {std::pair{0, 4}, std::pair{4, 8}, std::pair{8, 9}}) {
    model::Pass pass;
    pass.cache = &cache;
    pass.attachments = answer.get();
    const auto positions = at::arange(from, to).unsqueeze(0);
    const auto piece = decoder.embed(ids.slice(1, from, to), positions);
    parts.push_back(decoder.head(decoder.forward(0, kLayers, piece, pass)));
  }
  CHECK(test::distance(at::cat(parts, 1), whole) < 1e-5 * whole.abs().max().item<double>());
}

TEST_CASE("a late source refuses tokens of another width") {
  const auto adapter = test::adapter_for(test::llama_spec());
  CHECK_THROWS_WITH(adapter.source().begin(test::some_tokens(1, 3, 1, 11), {}),
                    Catch::Contains("[batch, tokens, 12]"));
}

TEST_CASE("what an absent token holds never matters, not even NaN") {
  const c10::NoGradGuard no_gradients;
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  const auto connection = test::connect("camera", spec);
  auto tokens = with_gaps(test::some_tokens(2, 5, 1));
  const auto run = [&] {
    return test::logits(decoder, test::some_ids(2, 6),
                        test::attachments_of({connection}, {{"camera", tokens}}, kLayers).get());
  };
  const auto before = run();
  tokens.values = tokens.values.clone();
  tokens.values[0][0].fill_(std::numeric_limits<float>::quiet_NaN());
  CHECK(at::equal(before, run()));
}

TEST_CASE("a modality whose every gate is closed is absent, bit for bit") {
  const c10::NoGradGuard no_gradients;
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  auto info = test::info_for(spec, {.lora = true});
  info.seen = connector::SeenGate::Scope::Token;
  const connector::Adapter adapter(info);
  const auto run = [&](const char* sample) {
    const auto answer = test::attachments_of({connector::connection_of("camera", adapter)},
                                             {{"camera", test::some_tokens(1, 4, 1)}}, kLayers);
    INFO(sample);
    CHECK(answer->active().empty() == (std::string(sample) == "closed"));
    return test::logits(decoder, test::some_ids(1, 6), answer.get());
  };
  const auto text_only = test::logits(decoder, test::some_ids(1, 6));
  CHECK_FALSE(at::equal(run("open"), text_only));
  adapter.source().seen()->parameters()[1].tensor.fill_(-4.0);
  CHECK(at::equal(run("closed"), text_only));
}

TEST_CASE("keys and values take the precision of the text, for one answer at a time") {
  const c10::NoGradGuard no_gradients;
  const auto spec = test::llama_spec();
  const auto decoder = test::small_decoder(spec);
  const auto adapter = test::adapter_for(spec);
  const auto kept = adapter.source().begin(with_gaps(test::some_tokens(2, 5, 1)), {});
  const auto mine = kept->share();
  const auto hidden = decoder.embed(test::some_ids(2, 3));
  const auto half = adapter.source().at(decoder.block(4), hidden.to(at::kBFloat16), *mine);
  CHECK(half->k.scalar_type() == at::kBFloat16);
  CHECK(half->alpha.scalar_type() == at::kBFloat16);
  CHECK(half->present.scalar_type() == at::kBool);
  CHECK(adapter.source().at(decoder.block(4), hidden, *kept)->v.scalar_type() == at::kFloat);
}
