#pragma once
// Small random decoders of every family and attachments that hand out fixed segments.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <limits>
#include <map>

#include "core/model/decoder.hpp"

namespace lateral::model::test_models {

inline DecoderSpec llama_spec() {
  DecoderSpec spec;
  spec.family = "llama";
  spec.layers = 4;
  spec.hidden = spec.embedding_width = 24;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 6;
  spec.intermediate = 40;
  spec.vocab = 50;
  spec.max_positions = 64;
  spec.eos = {2};
  return spec;
}

inline DecoderSpec opt_spec() {
  DecoderSpec spec = llama_spec();
  spec.family = "opt";
  spec.kv_heads = 4;
  spec.norm = NormKind::Layer;
  spec.positions = PositionKind::Learned;
  spec.position_offset = 2;
  spec.activation = Activation::Relu;
  spec.gated_ffn = false;
  spec.qkv_bias = spec.output_bias = spec.ffn_bias = true;
  return spec;
}

inline DecoderSpec bloom_spec() {
  DecoderSpec spec = opt_spec();
  spec.family = "bloom";
  spec.positions = PositionKind::Alibi;
  spec.position_offset = 0;
  spec.activation = Activation::GeluTanh;
  spec.qkv = QkvLayout::HeadMajor;
  spec.intermediate = 96;
  spec.embedding_norm = true;
  return spec;
}

inline DecoderSpec gpt2_spec() {
  DecoderSpec spec = opt_spec();
  spec.family = "gpt2";
  spec.position_offset = 0;
  spec.activation = Activation::GeluTanh;
  spec.qkv = QkvLayout::PartMajor;
  return spec;
}

inline DecoderSpec gpt_neox_spec() {
  DecoderSpec spec = opt_spec();
  spec.family = "gpt_neox";
  spec.positions = PositionKind::Rotary;
  spec.position_offset = 0;
  spec.rotary.width = 2;
  spec.activation = Activation::Gelu;
  spec.qkv = QkvLayout::HeadMajor;
  spec.parallel_residual = true;
  spec.tied_head = false;
  return spec;
}

inline DecoderSpec mistral_spec() {
  DecoderSpec spec = llama_spec();
  spec.family = "mistral";
  spec.windows = {3, 3, 3, 3};
  return spec;
}

inline DecoderSpec qwen2_spec() {
  DecoderSpec spec = llama_spec();
  spec.family = "qwen2";
  spec.qkv_bias = true;
  spec.windows = {0, 4, 0, 4};
  return spec;
}

inline DecoderSpec qwen3_spec() {
  DecoderSpec spec = llama_spec();
  spec.family = "qwen3";
  spec.head_dim = 8;
  spec.kv_heads = 1;
  spec.qk_norm = true;
  return spec;
}

inline std::vector<DecoderSpec> family_specs() {
  return {llama_spec(),    opt_spec(),     bloom_spec(), gpt2_spec(),
          gpt_neox_spec(), mistral_spec(), qwen2_spec(), qwen3_spec()};
}

/// One of each family, Llama first and OPT second, with weights large enough that a mistake shows.
inline std::vector<Decoder> each_family() {
  std::vector<Decoder> all;
  for (const DecoderSpec& spec : family_specs()) all.push_back(Decoder::random(spec, 1 + all.size(), 0.3));
  return all;
}

inline at::Tensor ids_of(std::int64_t batch, std::int64_t columns, std::int64_t seed) {
  return (at::arange(batch * columns, at::kLong) * 7 + seed * 11).remainder(47).add(3).view({batch, columns});
}

inline bool near(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-5) {
  return at::allclose(a.to(at::kDouble), b.to(at::kDouble), 0.0, tolerance);
}

/// The largest difference, for messages.
inline double apart(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

inline Segment segment_of(const DecoderSpec& spec, std::int64_t batch, std::int64_t columns) {
  Segment segment;
  segment.k = at::randn({batch, spec.kv_heads, columns, spec.head_dim});
  segment.v = at::randn({batch, spec.kv_heads, columns, spec.head_dim});
  return segment;
}

using SegmentsByBlock = std::map<std::int64_t, std::vector<Segment>>;

/// Hands out the same segments in every call; what is asked for is counted.
class FixedAttachments : public Attachments {
 public:
  explicit FixedAttachments(SegmentsByBlock segments) : segments_(std::move(segments)) {}

  int first_block() const override {
    return segments_.empty() ? std::numeric_limits<int>::max() : static_cast<int>(segments_.begin()->first);
  }
  std::vector<Segment> segments(const BlockView& block, const at::Tensor&) override {
    ++asked[block.index()];
    const auto found = segments_.find(block.index());
    return found == segments_.end() ? std::vector<Segment>{} : found->second;
  }
  std::optional<at::Tensor> branch(const BlockView&, const at::Tensor&) override { return std::nullopt; }
  KvDelta kv_delta(const BlockView&, const at::Tensor&) override { return {}; }
  void select_rows(const at::Tensor& rows) override {
    for (auto& [block, list] : segments_) {
      for (Segment& segment : list) {
        if (segment.k.size(0) == 1) continue;
        segment.k = segment.k.index_select(0, rows);
        segment.v = segment.v.index_select(0, rows);
        if (segment.present.defined()) segment.present = segment.present.index_select(0, rows);
      }
    }
  }

  std::map<std::int64_t, int> asked;

 private:
  SegmentsByBlock segments_;
};

}  // namespace lateral::model::test_models
