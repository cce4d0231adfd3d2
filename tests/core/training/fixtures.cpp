#include "tests/core/training/fixtures.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/base/random.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::test {
namespace {
// These tensors are too small to share, forked children have no thread pool, and the split of a sum decides its bits.
const bool one_thread = (tensor::fix_threads(1), true);
}  // namespace

at::Tensor drawn(std::vector<std::int64_t> shape, std::uint64_t seed) {
  auto tensor = at::empty(at::IntArrayRef(shape), at::kFloat);
  Random random(seed);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data_ptr<float>()[i] = random.normal();
  return tensor;
}

model::Decoder small_decoder() {
  model::DecoderSpec spec;
  spec.family = "llama";
  spec.layers = 4;
  spec.hidden = spec.embedding_width = 32;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.intermediate = 48;
  spec.vocab = 40;
  spec.max_positions = 64;
  spec.eos = {1};
  return model::Decoder::random(spec, 3, 0.25);
}

connector::Adapter small_adapter(std::uint64_t seed, const std::string& token_space, double strength) {
  connector::AdapterInfo info{.base_model = "small",
                              .token_space = token_space,
                              .plugin = "camera",
                              .encoder = "main",
                              .blocks = wiring::BlockSet::parse("last:2", 4),
                              .aligner = {8, 32, 2, 8},
                              .seed = seed};
  connector::Adapter adapter(std::move(info));
  const c10::NoGradGuard no_grad;
  for (auto& [name, tensor] : adapter.parameters()) {
    if (name == "aligner.v.out.weight") tensor.mul_(strength);
    if (name == "aligner.v.out.bias" && strength != 1)
      tensor.zero_();  // what is the same in all frames teaches nothing
  }
  return adapter;
}

std::int64_t World::class_of(const std::string& moment) const {
  return std::stoll(moment.substr(1)) % kClasses;
}

training::TokenProvider World::camera() const {
  const World world = *this;
  return [world, classes = 2 * drawn({kClasses, 1, kWidth}, 100) +
                           drawn({1, kTokens, kWidth}, 102)](const std::string& moment) {
    const auto noise =
        drawn({kTokens, kWidth}, 200 + static_cast<std::uint64_t>(std::stoll(moment.substr(1))));
    return connector::Tokens{classes[world.class_of(moment)] + 0.5 * noise, {}};
  };
}

training::TokenProvider World::lidar() const {
  return [camera = camera(),
          map = at::eye(kWidth) + 0.3 * drawn({kWidth, kWidth}, 101)](const std::string& moment) {
    const auto order = at::tensor({3, 0, 4, 1, 2}, at::kLong);
    return connector::Tokens{at::matmul(camera(moment)->values.index_select(0, order), map), {}};
  };
}

std::vector<std::string> World::moments(std::int64_t count) const {
  std::vector<std::string> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back("m" + std::to_string(i));
  return ids;
}

std::vector<training::BankQuestion> World::wordings() const {
  return {{{2, 9, 12, 30}, "what"},
          {{2, 14, 7, 12, 30}, "what"},
          {{2, 21, 30}, "name"},
          {{2, 9, 22, 25, 16, 30}, "name"}};
}

std::vector<training::Example> World::questions(std::int64_t moments_asked, std::int64_t each) const {
  const auto known = wordings();
  std::vector<training::Example> examples;
  for (const auto& moment : moments(moments_asked)) {
    for (std::int64_t i = 0; i < each; ++i) {
      const auto& wording = known[static_cast<std::size_t>(i) % known.size()];
      training::Example example;
      example.sample = moment;
      example.question = "wording " + std::to_string(i);
      example.answer = "class " + std::to_string(class_of(moment));
      example.type = wording.type;
      example.prompt = wording.prompt;
      example.answer_ids = {32 + class_of(moment), 1};
      examples.push_back(std::move(example));
    }
  }
  return examples;
}

bool same_parameters(const connector::Adapter& a, const connector::Adapter& b) {
  const auto left = a.parameters(), right = b.parameters();
  bool same = left.size() == right.size();
  for (std::size_t i = 0; same && i < left.size(); ++i) same = at::equal(left[i].tensor, right[i].tensor);
  return same;
}

}  // namespace lateral::test
