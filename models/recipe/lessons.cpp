#include "models/recipe/lessons.hpp"

#include <algorithm>
#include <array>

#include "core/base/random.hpp"
#include "models/scenes/words.hpp"

namespace lateral::recipe {
namespace {

enum Stream : std::uint64_t { kTypes = 11, kWords = 12, kCopies = 13 };

/// Types of questions in training. Comparison is learned last and for free once counting works.
constexpr std::array<float, scenes::kQuestionTypes.size()> kShares{0.20F, 0.20F, 0.25F, 0.20F, 0.15F};

scenes::QuestionType draw_type(Random& random) {
  float left = random.uniform();
  for (std::size_t i = 0; i + 1 < kShares.size(); ++i) {
    if (left < kShares[i]) return scenes::kQuestionTypes[i];
    left -= kShares[i];
  }
  return scenes::kQuestionTypes.back();
}

bool about_bearing(scenes::QuestionType type) {
  return type == scenes::QuestionType::Object || type == scenes::QuestionType::Status;
}

Exchange drill_of(const TextIds& text, const std::string& label) {
  const scenes::Drill drill = scenes::copy_drill(label);
  return text.exchange(drill.prompt, drill.answer, "copy");
}

/// The drill with pieces of the vocabulary in place of a word.
Exchange piece_drill(const TextIds& text, Random& random) {
  const auto first = std::max(text.begin(), text.end()) + 1;
  Ids label(static_cast<std::size_t>(random.between(1, 4)));
  for (auto& id : label) id = first + random.below(static_cast<std::uint32_t>(text.size() - first));
  Exchange exchange{text.ids("heard:"), label, "copy"};
  exchange.prompt.insert(exchange.prompt.end(), label.begin(), label.end());
  const Ids end = text.ids(". what was heard?");
  exchange.prompt.insert(exchange.prompt.end(), end.begin(), end.end());
  return exchange;
}

}  // namespace

SceneLesson scene_lesson(std::int64_t rows, int most_objects, std::uint64_t seed, std::uint64_t step) {
  Random random(mix_seed(seed, kTypes), step);
  SceneLesson lesson;
  while (static_cast<std::int64_t>(lesson.questions.size()) < rows) {
    const scenes::QuestionType type = draw_type(random);
    scenes::SceneOptions options;
    options.max_objects = most_objects;
    options.even_mix = about_bearing(type) ? 0.6F : 0.1F;
    const auto index = (static_cast<std::uint64_t>(random.next()) << 32U) | random.next();
    scenes::Scene scene = scenes::make_scene(seed, index, options);
    auto question = scenes::try_ask(scene, type, random);
    if (!question) continue;
    lesson.questions.push_back(*std::move(question));
    lesson.scenes.push_back(std::move(scene));
  }
  return lesson;
}

SceneLesson scene_exam(std::int64_t rows, std::uint64_t seed, std::uint64_t step) {
  SceneLesson exam;
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto index = step * static_cast<std::uint64_t>(rows) + static_cast<std::uint64_t>(i);
    exam.scenes.push_back(scenes::make_scene(seed, index));
    exam.questions.push_back(scenes::ask(exam.scenes.back(), 0));
  }
  return exam;
}

std::vector<Exchange> questions_alone(const TextIds& text, const SceneLesson& lesson) {
  std::vector<Exchange> exchanges;
  for (const scenes::Question& question : lesson.questions) {
    exchanges.push_back(text.exchange(question.text, question.answer, scenes::name_of(question.type)));
  }
  return exchanges;
}

std::vector<Exchange> in_words(const TextIds& text, const SceneLesson& lesson, std::uint64_t seed) {
  std::vector<Exchange> exchanges;
  for (std::size_t i = 0; i < lesson.questions.size(); ++i) {
    const scenes::Question& question = lesson.questions[i];
    Random random(mix_seed(seed, kWords), lesson.scenes[i].id);
    exchanges.push_back(text.exchange(scenes::describe(lesson.scenes[i], random) + ' ' + question.text,
                                      question.answer, scenes::name_of(question.type)));
  }
  return exchanges;
}

std::vector<Exchange> copy_lesson(const TextIds& text, std::int64_t rows, std::uint64_t seed,
                                  std::uint64_t step) {
  Random random(mix_seed(seed, kCopies), step);
  std::vector<Exchange> exchanges;
  for (std::int64_t i = 0; i < rows; ++i) {
    exchanges.push_back(random.chance(0.5F) ? drill_of(text, scenes::training_label(random))
                                            : piece_drill(text, random));
  }
  return exchanges;
}

std::vector<Exchange> copy_exam(const TextIds& text, std::int64_t rows, std::uint64_t seed) {
  std::vector<Exchange> exchanges;
  for (const auto word : scenes::held_out_words()) exchanges.push_back(drill_of(text, std::string(word)));
  Random random(seed);
  while (static_cast<std::int64_t>(exchanges.size()) < rows) {
    exchanges.push_back(drill_of(text, scenes::held_out_label(random)));
  }
  return exchanges;
}

}  // namespace lateral::recipe
