#pragma once
// Small random decoders, tokens and adapters, and the way from ATen to the oracle's matrices.

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/connector/adapter.hpp"
#include "core/connector/answer_attachments.hpp"
#include "core/connector/connection.hpp"
#include "core/model/decoder.hpp"
#include "tests/oracles/late_kv_oracle.hpp"

namespace lateral::test {

/// 6 blocks of width 32, 4 heads of 8 over 2 key and value heads, rotary.
model::DecoderSpec llama_spec();
/// 6 blocks of width 32, 4 heads of 8, learned positions, biases.
model::DecoderSpec opt_spec();
model::Decoder small_decoder(const model::DecoderSpec& spec, std::uint64_t seed = 7);

/// int64 [batch, T], below the vocabulary.
at::Tensor some_ids(std::int64_t batch, std::int64_t length, std::uint64_t seed = 1);
/// float [batch, M, width], uniform in +-1.
connector::Tokens some_tokens(std::int64_t batch, std::int64_t count, std::uint64_t seed,
                              std::int64_t width = 12);

struct AdapterMaker {
  std::string blocks = "last:3";
  std::uint64_t seed = 3;
  bool lora = false;
  std::int64_t width = 12;
};
connector::AdapterInfo info_for(const model::DecoderSpec& spec, const AdapterMaker& maker = {});
/// A random adapter; its low-rank up maps are not 0, so that the branch does something.
connector::Adapter adapter_for(const model::DecoderSpec& spec, const AdapterMaker& maker = {});
std::shared_ptr<const connector::Connection> connect(std::string id, const model::DecoderSpec& spec,
                                                     const AdapterMaker& maker = {});

/// Logits [batch, T, vocab] of `ids`.
at::Tensor logits(const model::Decoder& decoder, const at::Tensor& ids,
                  model::Attachments* attachments = nullptr,
                  model::AttentionPath path = model::AttentionPath::Auto);

/// The answers' attachments of a wiring with these connections, all of whose tokens are given.
std::unique_ptr<connector::AnswerAttachments> attachments_of(
    const std::vector<std::shared_ptr<const connector::Connection>>& connections,
    const std::map<std::string, connector::Tokens>& tokens, int layers);

/// Supplies one segment, whatever the tokens, and a residual branch if one is set.
class FixedSource final : public connector::Source {
 public:
  FixedSource(wiring::BlockSet blocks, model::Segment segment)
      : blocks_(std::move(blocks)), segment_(std::move(segment)) {}

  at::Tensor residual;  ///< added to the hidden states of every connected block; undefined = none
  bool reads_text = false;

  const wiring::BlockSet& blocks() const override { return blocks_; }
  bool depends_on_text() const override { return reads_text; }
  std::unique_ptr<connector::SourceState> begin(const connector::Tokens&,
                                                const connector::TextView&) const override;
  std::optional<model::Segment> at(const model::BlockView& block, const at::Tensor& hidden,
                                   connector::SourceState& state) const override;
  std::optional<at::Tensor> branch(const model::BlockView& block, const at::Tensor& hidden,
                                   connector::SourceState& state) const override;
  std::vector<model::NamedTensor> parameters() const override { return {}; }

 private:
  wiring::BlockSet blocks_;
  model::Segment segment_;
};
/// A connection with a fixed segment, and the attachments of it alone.
std::shared_ptr<connector::Connection> fixed(std::string id, std::shared_ptr<const connector::Source> source);
std::unique_ptr<connector::AnswerAttachments> with_segment(const model::DecoderSpec& spec,
                                                           const std::string& blocks, model::Segment segment);

/// The largest difference of two tensors of one shape.
double distance(const at::Tensor& a, const at::Tensor& b);

/// A 1- or 2-dimensional tensor as a matrix (one row for 1).
oracle::Matrix matrix(const at::Tensor& tensor);
at::Tensor tensor(const oracle::Matrix& matrix);
oracle::Block oracle_block(const model::Decoder& decoder, std::int64_t block);

}  // namespace lateral::test
