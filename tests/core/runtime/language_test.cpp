#include "core/runtime/language.hpp"

#include <set>

#include "core/model/decoder.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using model::DecoderSpec;

namespace {

DecoderSpec small_spec() {
  DecoderSpec spec;
  spec.family = "llama";
  spec.layers = 2;
  spec.hidden = spec.embedding_width = 16;
  spec.heads = spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.intermediate = 24;
  spec.vocab = 30;
  spec.max_positions = 64;
  return spec;
}

}  // namespace

TEST_CASE("models that compute something else from the same weights have different identities") {
  std::vector<DecoderSpec> specs(7, small_spec());
  specs[1].rotary.theta = 500.0;
  specs[2].rotary.scaling = model::RotarySpec::Scaling::Linear;
  specs[2].rotary.factor = 2.0;
  specs[3].rotary.scaling = model::RotarySpec::Scaling::Linear;
  specs[3].rotary.factor = 4.0;
  specs[4].windows = {0, 8};
  specs[5].windows = {8, 0};
  specs[6].activation = model::Activation::Gelu;
  std::set<std::string> identities;
  for (const DecoderSpec& spec : specs)
    identities.insert(runtime::identity_of(model::Decoder::random(spec, 3)));
  CHECK(identities.size() == specs.size());
}
