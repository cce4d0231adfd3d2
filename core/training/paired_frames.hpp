#pragma once
// Frames that both senses recorded, as tensors.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/connector/source.hpp"
#include "core/connector/tokens.hpp"
#include "core/model/decoder.hpp"
#include "core/training/example.hpp"
#include "core/training/progress.hpp"

namespace lateral::training {

/// Row i of both batches is frame ids[i].
struct PairedFrames {
  std::vector<std::string> ids;
  connector::Tokens teacher, student;
};

/// Pairs by id, in the order given; frames that one of the senses lacks are left out. Throws InvalidArgument
/// when an id comes twice, and says how many are missing where when fewer than `fewest` are paired.
PairedFrames paired_frames(const std::vector<std::string>& ids, const TokenProvider& teacher,
                           const TokenProvider& student, std::int64_t fewest,
                           const ProgressCallback& progress = {});

/// The frames `rows` int64 [n].
connector::Tokens rows_of(const connector::Tokens& tokens, const at::Tensor& rows);

/// The state of a sense for some frames; null when none of them has a token that takes part. Throws
/// Unsupported for a source whose keys depend on the text, which a query bank does not hold.
std::unique_ptr<connector::SourceState> begin_without_text(const connector::Source& source,
                                                           const connector::Tokens& tokens);

/// What `source` supplies to one of its blocks, in the dtype and on the device of `like`.
model::Segment segment_without_text(const model::Decoder& decoder, const connector::Source& source,
                                    connector::SourceState& state, std::int64_t block,
                                    const at::Tensor& like);

}  // namespace lateral::training
