#pragma once
// The embedded day camera's connection. Its teacher is the oracle that the language model learned with: where a scene
// is known, as it is for a generator, the camera's keys and values are trained so that text queries read from them what
// they read from the oracle's. By night the camera must change nothing, alone or beside a sense that sees: a modality
// that lies costs more than none.

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/training/statistics.hpp"
#include "core/training/trainer.hpp"
#include "models/recipe/language.hpp"
#include "models/recipe/recordings.hpp"

namespace lateral::recipe {

struct ConnectionPlan {
  std::string plugin = "camera";  ///< its id, and that of its encoder
  Sensor sensor = Sensor::Camera;
  std::int64_t frames = 2500, blind_frames = 500;  ///< by day, and by night
  std::int64_t inner = 128;                        ///< width inside the aligner
  std::int64_t questions = 480;                    ///< for the query bank
  std::int64_t steps = 600, frames_per_step = 16, blind_per_step = 8, queries_per_step = 48;
  double rate = 1e-2, weight_decay = 0.05;
  double blind_weight = 0.5;  ///< of "changes nothing" against "reads the same"
  std::int64_t exam = 1000;   ///< questions at the end
  std::uint64_t seed = 0;
};

/// Questions about held-out scenes, answered with the connection attached.
struct ConnectionReport {
  training::Proportion day, night, blind;  ///< blind: with nothing attached
};

struct ConnectionFiles {
  std::filesystem::path language;  ///< folder of the language model
  std::filesystem::path encoder;   ///< the plugin's weights
  std::filesystem::path adapter;   ///< to be written
};

/// Trains or resumes, and writes the adapter. Throws as training::train() and the readers.
void make_connection(const ConnectionPlan& plan, const LanguagePlan& language, const Taught& taught,
                     const ConnectionFiles& files, const training::RunOptions& options);

/// Asks about scenes that no connection was trained on, with what the files hold and nothing else: answers are
/// generated and compared as text. Throws as the readers.
ConnectionReport examine_connection(const ConnectionPlan& plan, const ConnectionFiles& files);

}  // namespace lateral::recipe
