#pragma once
// What the language model practises. Each lesson is a pure function of (seed, step), so that an interrupted run goes
// on as if nothing had happened.

#include <cstdint>
#include <string>
#include <vector>

#include "models/recipe/text_ids.hpp"
#include "models/scenes/question.hpp"
#include "models/scenes/scene.hpp"

namespace lateral::recipe {

/// One question about each of several scenes.
struct SceneLesson {
  std::vector<scenes::Scene> scenes;
  std::vector<scenes::Question> questions;  ///< questions[i] is about scenes[i]
};

/// Questions about generated scenes, for a sense to answer. Bearing questions (object, status) come with all kinds
/// mixed half of the time: with few kinds in a scene, guessing a frequent kind pays and binding is not learned.
SceneLesson scene_lesson(std::int64_t rows, int most_objects, std::uint64_t seed, std::uint64_t step);

/// Scenes as the demo and the tests meet them: types drawn evenly, few kinds each.
SceneLesson scene_exam(std::int64_t rows, std::uint64_t seed, std::uint64_t step);

/// The questions alone; a sense shows the scene.
std::vector<Exchange> questions_alone(const TextIds& text, const SceneLesson& lesson);
/// Each scene described in words, then its question.
std::vector<Exchange> in_words(const TextIds& text, const SceneLesson& lesson, std::uint64_t seed);

/// Labels to repeat: half of them pseudo-words, half one to four arbitrary pieces of the vocabulary, so that any label
/// at all can be said.
std::vector<Exchange> copy_lesson(const TextIds& text, std::int64_t rows, std::uint64_t seed,
                                  std::uint64_t step);

/// Labels that no lesson ever shows.
std::vector<Exchange> copy_exam(const TextIds& text, std::int64_t rows, std::uint64_t seed);

}  // namespace lateral::recipe
