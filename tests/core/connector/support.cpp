#include "tests/core/connector/support.hpp"

#include <c10/core/GradMode.h>

#include "core/base/random.hpp"
#include "core/connector/initial.hpp"

namespace lateral::test {
namespace {

class FixedState final : public connector::SourceState {
 public:
  std::unique_ptr<connector::SourceState> share() const override { return std::make_unique<FixedState>(); }
  void select_rows(const at::Tensor&) override {}
  at::Tensor rows_present() const override { return {}; }
  double largest() const override { return 0; }
};

model::DecoderSpec common_spec() {
  model::DecoderSpec spec;
  spec.layers = 6;
  spec.hidden = spec.embedding_width = 32;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.intermediate = 48;
  spec.vocab = 61;
  spec.max_positions = 512;
  spec.eos = {1};
  return spec;
}

}  // namespace

model::DecoderSpec llama_spec() {
  auto spec = common_spec();
  spec.family = "llama";
  return spec;
}

model::DecoderSpec opt_spec() {
  auto spec = common_spec();
  spec.family = "opt";
  spec.kv_heads = spec.heads;
  spec.norm = model::NormKind::Layer;
  spec.positions = model::PositionKind::Learned;
  spec.position_offset = 2;
  spec.activation = model::Activation::Relu;
  spec.gated_ffn = false;
  spec.qkv_bias = spec.output_bias = spec.ffn_bias = true;
  return spec;
}

model::Decoder small_decoder(const model::DecoderSpec& spec, std::uint64_t seed) {
  return model::Decoder::random(spec, seed, 0.25);
}

at::Tensor some_ids(std::int64_t batch, std::int64_t length, std::uint64_t seed) {
  Random random(seed);
  auto ids = at::empty({batch, length}, at::kLong);
  for (std::int64_t i = 0; i < ids.numel(); ++i)
    ids.mutable_data_ptr<std::int64_t>()[i] = random.between(2, 60);
  return ids;
}

connector::Tokens some_tokens(std::int64_t batch, std::int64_t count, std::uint64_t seed,
                              std::int64_t width) {
  Random random(seed);
  return {connector::uniform({batch, count, width}, 1.0, random), {}};
}

connector::AdapterInfo info_for(const model::DecoderSpec& spec, const AdapterMaker& maker) {
  connector::AdapterInfo info{.base_model = "small",
                              .token_space = "noise-1",
                              .plugin = "noise",
                              .encoder = "main",
                              .blocks = wiring::BlockSet::parse(maker.blocks, static_cast<int>(spec.layers)),
                              .aligner = {maker.width, 16, spec.kv_heads, spec.head_dim}};
  if (maker.lora) info.lora = connector::LoraShape{2, 4.0, spec.hidden, spec.kv_width()};
  info.seed = maker.seed;
  return info;
}

connector::Adapter adapter_for(const model::DecoderSpec& spec, const AdapterMaker& maker) {
  const c10::NoGradGuard no_gradients;
  connector::Adapter adapter(info_for(spec, maker));
  Random random(maker.seed, 99);
  for (const auto& [name, tensor] : adapter.parameters()) {
    if (name.ends_with(".up")) tensor.copy_(connector::uniform(tensor.sizes().vec(), 0.5, random));
    if (name == "aligner.k.out.weight" || name == "aligner.v.out.weight")
      tensor.mul_(6.0);  // felt by small decoders
  }
  return adapter;
}

std::shared_ptr<const connector::Connection> connect(std::string id, const model::DecoderSpec& spec,
                                                     const AdapterMaker& maker) {
  return connector::connection_of(std::move(id), adapter_for(spec, maker));
}

at::Tensor logits(const model::Decoder& decoder, const at::Tensor& ids, model::Attachments* attachments,
                  model::AttentionPath path) {
  model::Pass pass;
  pass.attachments = attachments;
  pass.path = path;
  return decoder.head(decoder.forward(0, decoder.spec().layers, decoder.embed(ids), pass));
}

std::unique_ptr<connector::AnswerAttachments> attachments_of(
    const std::vector<std::shared_ptr<const connector::Connection>>& connections,
    const std::map<std::string, connector::Tokens>& tokens, int layers) {
  connector::Wiring wiring;
  for (const auto& each : connections) wiring = wiring.with(each);
  return connector::attach_for_batch(std::make_shared<const connector::Wiring>(wiring), layers, tokens);
}

std::unique_ptr<connector::SourceState> FixedSource::begin(const connector::Tokens&,
                                                           const connector::TextView&) const {
  return std::make_unique<FixedState>();
}

std::optional<model::Segment> FixedSource::at(const model::BlockView& block, const at::Tensor&,
                                              connector::SourceState&) const {
  if (!blocks_.contains(static_cast<int>(block.index())) || !segment_.k.defined()) return std::nullopt;
  return segment_;
}

std::optional<at::Tensor> FixedSource::branch(const model::BlockView& block, const at::Tensor& hidden,
                                              connector::SourceState&) const {
  if (!blocks_.contains(static_cast<int>(block.index())) || !residual.defined()) return std::nullopt;
  return residual.expand_as(hidden);
}

std::shared_ptr<connector::Connection> fixed(std::string id,
                                             std::shared_ptr<const connector::Source> source) {
  auto connection = std::make_shared<connector::Connection>();
  connection->id = connection->plugin = std::move(id);
  connection->source = std::move(source);
  return connection;
}

std::unique_ptr<connector::AnswerAttachments> with_segment(const model::DecoderSpec& spec,
                                                           const std::string& blocks,
                                                           model::Segment segment) {
  const auto layers = static_cast<int>(spec.layers);
  const auto set = wiring::BlockSet::parse(blocks, layers);
  return attachments_of({fixed("fixed", std::make_shared<FixedSource>(set, std::move(segment)))},
                        {{"fixed", some_tokens(1, 1, 1)}}, layers);
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

oracle::Matrix matrix(const at::Tensor& tensor) {
  const auto flat = (tensor.dim() == 1 ? tensor.unsqueeze(0) : tensor).detach().to(at::kDouble).contiguous();
  oracle::Matrix m(static_cast<std::size_t>(flat.size(0)), static_cast<std::size_t>(flat.size(1)));
  std::copy_n(flat.const_data_ptr<double>(), m.data.size(), m.data.begin());
  return m;
}

at::Tensor tensor(const oracle::Matrix& matrix) {
  auto t = at::empty({static_cast<std::int64_t>(matrix.rows), static_cast<std::int64_t>(matrix.cols)},
                     at::kDouble);
  std::copy(matrix.data.begin(), matrix.data.end(), t.mutable_data_ptr<double>());
  return t;
}

oracle::Block oracle_block(const model::Decoder& decoder, std::int64_t block) {
  const auto view = decoder.block(block);
  const auto& w = view.weights();
  const auto& spec = decoder.spec();
  oracle::Block b;
  b.heads = static_cast<std::size_t>(spec.heads);
  b.kv_heads = static_cast<std::size_t>(spec.kv_heads);
  b.head_dim = static_cast<std::size_t>(spec.head_dim);
  b.epsilon = spec.norm_epsilon;
  b.theta = spec.rotary.theta;
  b.attention_norm = matrix(w.attention_norm.weight);
  b.ffn_norm = matrix(w.ffn_norm.weight);
  b.q = matrix(w.q.weight);
  b.k = matrix(w.k.weight);
  b.v = matrix(w.v.weight);
  b.output = matrix(w.output.weight);
  b.gate = matrix(w.gate.weight);
  b.up = matrix(w.up.weight);
  b.down = matrix(w.down.weight);
  return b;
}

}  // namespace lateral::test
