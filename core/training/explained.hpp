#pragma once
// How much of what a teacher changed in the text's attention outputs a student explains.

#include <cstdint>
#include <vector>

#include "core/connector/source.hpp"
#include "core/model/decoder.hpp"
#include "core/training/paired_frames.hpp"
#include "core/training/query_bank.hpp"

namespace lateral::training {

/// Shares of 1, by block in the order of the source's blocks; negative when worse than text alone.
struct Explained {
  std::vector<double> by_block;
  double mean() const;
};

/// The student sees frame i + shift where the teacher sees frame i (0: pairs; 1: the mispaired control).
Explained explained_variance(const model::Decoder& decoder, const connector::Source& teacher,
                             const connector::Source& student, const PairedFrames& frames,
                             const QueryBank& bank, std::int64_t shift);

/// The most that outputs which are the same for all frames could explain: the floor that a useless
/// student reaches.
Explained explained_frame_blind(const model::Decoder& decoder, const connector::Source& teacher,
                                const PairedFrames& frames, const QueryBank& bank);

}  // namespace lateral::training
