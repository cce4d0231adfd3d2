#pragma once
// Text for the language model: scenes described in words, and drills in repeating labels it never saw.
//
// Thread safety: pure functions of their arguments.

#include <span>
#include <string>
#include <string_view>

#include "core/base/random.hpp"
#include "models/scenes/scene.hpp"

namespace lateral::scenes {

/// "a moving car at 105 degrees." for one object.
std::string describe(const Object& object);

/// All objects, in a random order, joined by spaces: the answer to every question about the scene can be
/// read there.
std::string describe(const Scene& scene, Random& random);

struct Drill {
  std::string prompt;  ///< "heard: zulu. what was heard?"
  std::string answer;  ///< "zulu"
};
Drill copy_drill(std::string_view label);

/// A pseudo-word ("tobrel") or a short letter string ("xq"), never one that is held out.
std::string training_label(Random& random);
/// The same kinds of label, all of them held out.
std::string held_out_label(Random& random);
/// Held-out labels are one eighth of all words, chosen by their hash, and those named below.
bool is_held_out(std::string_view label);
/// Real words that the model meets only when it is tested: the radio alphabet and sounds a later sense
/// might name.
std::span<const std::string_view> held_out_words();

}  // namespace lateral::scenes
