#pragma once
// Questions in the manner of NuScenes-QA (arXiv 2305.14836; types existence, count, object, status,
// comparison) with one-word answers. They are balanced while drawn: who knows the question but not the scene
// and always says the most frequent answer to that text is right in about 0.45 of the cases.
//
// Thread safety: pure functions of their arguments.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.hpp"
#include "models/scenes/scene.hpp"

namespace lateral::scenes {

enum class QuestionType : std::uint8_t { Existence, Count, Object, Status, Comparison };

inline constexpr std::array kQuestionTypes{QuestionType::Existence, QuestionType::Count, QuestionType::Object,
                                           QuestionType::Status, QuestionType::Comparison};

/// "existence", "count", "object", "status", "comparison".
std::string_view name_of(QuestionType type);

struct Question {
  std::string text;    ///< lower case, ends in "?"
  std::string answer;  ///< "yes", "no", a number, a kind, "nothing", "moving" or "standing"
  QuestionType type{};
};

/// A question of this type; nothing when the drawn form does not suit the scene (draw again).
std::optional<Question> try_ask(const Scene& scene, QuestionType type, Random& random);

/// A question of this type; always finds one.
Question ask(const Scene& scene, QuestionType type, Random& random);

/// Question `number` about the scene, its type drawn evenly; depends on the scene and the number alone.
Question ask(const Scene& scene, std::uint64_t number);

}  // namespace lateral::scenes
