#include "core/training/early_states.hpp"

#include <ATen/ATen.h>

#include "core/base/error.hpp"
#include "core/training/senses.hpp"
#include "core/training/text_batch.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {
std::vector<model::Ids> some_sequences() {
  return {{2, 5, 9}, {2, 7}, {2, 5, 9}, {2, 30, 31, 32, 33, 34}};
}
}  // namespace

TEST_CASE("early states of a block that is not there are refused") {
  CHECK_THROWS_AS(EarlyStates(test::small_decoder(), 5, 1 << 20), Error);
}

TEST_CASE("kept and recomputed states equal a forward pass of each sequence alone") {
  const auto decoder = test::small_decoder();
  const auto sequences = some_sequences();
  EarlyStates kept(decoder, 2, 1 << 20), none(decoder, 2, 0);
  kept.keep(sequences);
  none.keep(sequences);
  CHECK(kept.kept() == 3);
  CHECK(kept.bytes() == (3 + 2 + 6) * 32 * 4);
  CHECK(none.kept() == 0);
  for (const auto* states : {&kept, &none}) {
    const auto batch = states->batch(sequences);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const auto alone =
          decoder.forward(0, 2, decoder.embed(at::tensor(sequences[i], at::kLong).unsqueeze(0)));
      const auto row = batch[static_cast<std::int64_t>(i)].narrow(0, 0, alone.size(1));
      CHECK(at::allclose(row, alone[0], 1e-5, 1e-5));
    }
  }
}

TEST_CASE("a limit keeps the shortest sequences and is not passed") {
  EarlyStates states(test::small_decoder(), 2, 5 * 32 * 4);
  states.keep(some_sequences());
  CHECK(states.kept() == 2);
  CHECK(states.bytes() == 5 * 32 * 4);
}

TEST_CASE("logits over kept states equal those of the whole model with the sense attached") {
  const auto decoder = test::small_decoder();
  const test::World world;
  const auto adapter = test::small_adapter(1);
  const Senses senses({{connector::connection_of("camera", adapter), world.camera()}}, 4);
  const auto examples = world.questions(3, 4);
  std::vector<const Example*> refs;
  for (const auto& example : examples) refs.push_back(&example);
  EarlyStates states(decoder, senses.first_block(), 1 << 20);
  const auto batch = text_batch(states, refs);
  const auto attached = senses.attach(samples_of(refs));
  const auto logits = target_logits(decoder, 2, batch, attached.get());
  std::int64_t target = 0;
  for (const auto& example : examples) {
    const auto alone = senses.attach({example.sample});
    model::Pass pass;
    pass.attachments = alone.get();
    const auto ids = at::tensor(sequence_of(example), at::kLong).unsqueeze(0);
    const auto whole = decoder.head(decoder.forward(0, 4, decoder.embed(ids), pass))[0];
    const auto prompt = static_cast<std::int64_t>(example.prompt.size());
    for (std::int64_t i = 0; i < 2; ++i) {
      CHECK(at::allclose(logits[target++], whole[prompt - 1 + i], 1e-4, 1e-5));
    }
  }
}
