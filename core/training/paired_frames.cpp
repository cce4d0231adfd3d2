#include "core/training/paired_frames.hpp"

#include <ATen/ATen.h>

#include <optional>
#include <set>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::training {
namespace {
constexpr const char* kWhere = "teach";
}  // namespace

PairedFrames paired_frames(const std::vector<std::string>& ids, const TokenProvider& teacher,
                           const TokenProvider& student, std::int64_t fewest,
                           const ProgressCallback& progress) {
  PairedFrames paired;
  std::vector<std::optional<connector::Tokens>> old_rows, new_rows;
  std::set<std::string> seen;
  ProgressMeter meter(kEncodePhase, 0, static_cast<std::int64_t>(ids.size()), progress);
  for (const auto& id : ids) {
    if (!seen.insert(id).second) fail(Errc::InvalidArgument, kWhere, "frame ", id, " comes twice");
    auto old_tokens = teacher(id);
    auto new_tokens = student(id);
    meter.advance(static_cast<std::int64_t>(seen.size()));
    if (!has_tokens(old_tokens) || !has_tokens(new_tokens)) continue;
    paired.ids.push_back(id);
    old_rows.push_back(std::move(old_tokens));
    new_rows.push_back(std::move(new_tokens));
  }
  if (static_cast<std::int64_t>(paired.ids.size()) < fewest) {
    fail(Errc::InvalidArgument, kWhere, "only ", paired.ids.size(), " of ", ids.size(),
         " frames have data of both senses; at least ", fewest, " are needed, and a hundred are good");
  }
  auto old_batch = connector::batch_of(old_rows);
  auto new_batch = connector::batch_of(new_rows);
  if (!old_batch || !new_batch) fail(Errc::InvalidArgument, kWhere, "the paired frames have no tokens");
  paired.teacher = std::move(*old_batch);
  paired.student = std::move(*new_batch);
  return paired;
}

connector::Tokens rows_of(const connector::Tokens& tokens, const at::Tensor& rows) {
  const auto select = [&](const at::Tensor& x) { return x.defined() ? x.index_select(0, rows) : x; };
  return {select(tokens.values), select(tokens.present)};
}

std::unique_ptr<connector::SourceState> begin_without_text(const connector::Source& source,
                                                           const connector::Tokens& tokens) {
  if (source.depends_on_text()) {
    fail(Errc::Unsupported, kWhere,
         "a method whose keys depend on the text cannot be taught from a query bank");
  }
  return source.begin(tokens, {});
}

model::Segment segment_without_text(const model::Decoder& decoder, const connector::Source& source,
                                    connector::SourceState& state, std::int64_t block,
                                    const at::Tensor& like) {
  const auto no_text = at::empty({1, 0, decoder.spec().hidden}, like.options());
  auto segment = source.at(decoder.block(block), no_text, state);
  if (!segment) fail(Errc::InvalidArgument, kWhere, "block ", block, " is not connected");
  return std::move(*segment);
}

}  // namespace lateral::training
