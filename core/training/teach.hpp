#pragma once
// An old sense teaches a new one, without labels: from recordings with both, the new connection's aligner
// learns to put keys and values from which kept text queries read what they read from the old one. Any number
// and layout of tokens; the language model does not run at all while learning.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/connector/adapter.hpp"
#include "core/model/decoder.hpp"
#include "core/training/example.hpp"
#include "core/training/query_bank.hpp"
#include "core/training/teach_report.hpp"
#include "core/training/trainer.hpp"

namespace lateral::training {

struct TeachOptions {
  RunOptions run;  ///< without a budget: 300 steps
  std::int64_t frames_per_step = 16, queries_per_step = 48;
  double rate = 1e-2;  ///< 3e-3 left layouts other than the teacher's under-trained
  double weight_decay = 0.05;
  std::int64_t warm_up = 20;             ///< steps; then cosine decay to 1 %
  double held_out_share = 0.2;           ///< above 0; of the frames, but at least two
  std::int64_t most_held_out = 200;      ///< frames
  std::int64_t questions_per_frame = 5;  ///< for agreement, drawn from the bank's questions
  std::uint64_t seed = 0;
  TeachThresholds thresholds;
};

/// Both senses of one recording: whatever the providers give for the same id is a pair.
struct Recording {
  std::vector<std::string> frames;  ///< distinct ids
  TokenProvider teacher, student;
};

/// Whose adapter is to be taught; the fields mean what they mean in AdapterInfo.
struct Student {
  std::string plugin, library, encoder, token_space;
  std::int64_t width = 0;  ///< of its tokens
};

/// What a student's adapter must say so that `teacher` can teach it: the teacher's with other tokens.
connector::AdapterInfo student_info(const connector::AdapterInfo& teacher, const Student& student,
                                    std::uint64_t seed);

/// Trains `student` in place; its links become copies of the teacher's and stay frozen. `bank` is of this
/// decoder and holds the teacher's blocks. Frames that only one sense has are left out and counted. Resumes
/// from options.run.checkpoint; the same inputs, seed, thread count and number of steps give the same adapter,
/// killed in between or not. Blocks; nothing else may use `student` meanwhile (publish a clone). The report says whether
/// to attach it. Throws InvalidArgument when a frame is named twice, fewer than eight frames are paired, none are to be held
/// out, or blocks differ; FailedPrecondition when the bank does not serve; Cancelled; and what train() throws.
TeachReport teach(const model::Decoder& decoder, const connector::Adapter& teacher,
                  connector::Adapter& student, const Recording& recording, const QueryBank& bank,
                  const TeachOptions& options = {});

}  // namespace lateral::training
