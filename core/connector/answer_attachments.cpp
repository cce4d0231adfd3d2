#include "core/connector/answer_attachments.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace lateral::connector {
namespace {

/// `delta` [batch, T, width] without the rows that have nothing present.
at::Tensor only_present_rows(const at::Tensor& delta, const at::Tensor& rows) {
  if (!rows.defined() || !delta.defined()) return delta;
  return delta.masked_fill(rows.logical_not().view({-1, 1, 1}), 0.0);
}

void add(at::Tensor& sum, const at::Tensor& part) {
  if (part.defined()) sum = sum.defined() ? sum + part : part;
}

}  // namespace

AnswerAttachments::AnswerAttachments(wiring::Lease<Wiring> wiring, int layers)
    : wiring_(std::move(wiring)), layers_(layers) {}

void AnswerAttachments::activate(std::shared_ptr<const Connection> connection,
                                 std::unique_ptr<SourceState> state) {
  if (state != nullptr) active_.push_back({std::move(connection), std::move(state)});
}

std::vector<std::string> AnswerAttachments::active() const {
  std::vector<std::string> ids;
  for (const auto& each : active_) ids.push_back(each.connection->id);
  return ids;
}

int AnswerAttachments::first_block() const {
  int first = layers_;
  for (const auto& each : active_) first = std::min(first, each.connection->first_block());
  return first;
}

std::vector<model::Segment> AnswerAttachments::segments(const model::BlockView& block,
                                                        const at::Tensor& hidden) {
  std::vector<model::Segment> all;
  for (auto& each : active_) {
    if (auto segment = each.connection->source->at(block, hidden, *each.state))
      all.push_back(std::move(*segment));
  }
  return all;
}

std::optional<at::Tensor> AnswerAttachments::branch(const model::BlockView& block, const at::Tensor& hidden) {
  at::Tensor sum;
  for (auto& each : active_) {
    if (const auto part = each.connection->source->branch(block, hidden, *each.state)) {
      add(sum, only_present_rows(*part, each.state->rows_present()));
    }
  }
  return sum.defined() ? std::optional(sum) : std::nullopt;
}

model::KvDelta AnswerAttachments::kv_delta(const model::BlockView& block, const at::Tensor& normed) {
  model::KvDelta sum;
  for (const auto& each : active_) {
    if (each.connection->lora == nullptr) continue;
    const auto part = each.connection->lora->delta(block.index(), normed);
    const auto rows = each.state->rows_present();
    add(sum.k, only_present_rows(part.k, rows));
    add(sum.v, only_present_rows(part.v, rows));
  }
  return sum;
}

void AnswerAttachments::select_rows(const at::Tensor& rows) {
  for (auto& each : active_) each.state->select_rows(rows);
}

std::unique_ptr<AnswerAttachments> attach_for_batch(std::shared_ptr<const Wiring> wiring, int layers,
                                                    const std::map<std::string, Tokens>& tokens,
                                                    const TextView& text) {
  auto answer = std::make_unique<AnswerAttachments>(wiring::Lease<Wiring>(std::move(wiring), 0), layers);
  for (const auto& connection : answer->wiring()->connections()) {
    const auto found = tokens.find(connection->id);
    if (found != tokens.end()) answer->activate(connection, connection->source->begin(found->second, text));
  }
  return answer;
}

}  // namespace lateral::connector
