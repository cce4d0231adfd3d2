#pragma once
// Whether a taught sense can be trusted, found out without labels on frames that teaching did not see.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/training/statistics.hpp"
#include "core/training/trainer.hpp"

namespace lateral::training {

/// Read off, after seeing them, about a hundred fits with one teacher and task, and again with the embedded models:
/// good fits had explained variance 0.84-0.96 and skill 0.83-0.92; mispaired frames and sensors without the information
/// 0.30-0.70 and 0.24-0.48. No independent test of them was made.
struct TeachThresholds {
  double skill = 0.65;
  double explained = 0.80;
  double kl_share = 0.35;              ///< of the divergence between teacher and text-only answers
  std::int64_t fewest_differing = 20;  ///< answers in which the teacher mattered; fewer cannot show skill
  std::int64_t fewest_of_a_type = 10;  ///< likewise, before a question type is called missing
};

/// How the answers of a student compare with the teacher's, at the first id of the answer.
struct Agreement {
  Proportion agree;  ///< of all questions; a poor detector by itself: many answers are "no" anyway
  Proportion skill;  ///< of the questions in which the teacher's answer differs from the text-only model's
};

struct TeachReport {
  TrainResult run;
  std::int64_t frames = 0, held_out_frames = 0;
  std::int64_t unpaired_frames = 0;  ///< left out because one sense had nothing

  /// 1 - E|O' - O|^2 / E|O - O_text|^2 over connected blocks, held-out frames and the bank's queries.
  double explained = 0;
  std::vector<double> explained_by_block;
  double explained_mispaired = 0;    ///< control: the student looks at another frame than the teacher
  double explained_frame_blind = 0;  ///< the most that an output which is the same for all frames can explain

  Agreement overall;
  Agreement mispaired;  ///< control
  std::map<std::string, Agreement> by_type;
  double kl = 0;        ///< mean KL(teacher || student) of the answer's first id, nats
  double blind_kl = 0;  ///< the same for the text-only model

  bool accepted = false;
  std::vector<std::string> missing;  ///< question types that the student does not answer as the teacher does
  std::string message;  ///< one sentence for people: accepted, or what is missing and by how much
};

/// Fills in accepted, missing and message.
void judge(TeachReport& report, const TeachThresholds& thresholds);

/// Throws FailedPrecondition with the report's message unless it is accepted or `forced`.
void require_accepted(const TeachReport& report, bool forced);

}  // namespace lateral::training
