#include "models/recipe/lessons.hpp"

#include <ATen/ATen.h>

#include <set>

#include "models/scenes/words.hpp"
#include "small.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::recipe;

namespace {

std::string text_of(const TextIds& text, const Ids& ids) {
  return text.tokenizer().decode(std::vector<format::TokenId>(ids.begin(), ids.end()));
}

}  // namespace

TEST_CASE("a lesson depends on seed and step alone") {
  const auto a = scene_lesson(20, 5, 3, 7), again = scene_lesson(20, 5, 3, 7),
             other = scene_lesson(20, 5, 3, 8);
  REQUIRE(a.questions.size() == 20);
  bool differs = false;
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(a.scenes[i].id == again.scenes[i].id);
    CHECK(a.questions[i].text == again.questions[i].text);
    differs |= a.scenes[i].id != other.scenes[i].id;
  }
  CHECK(differs);
}

TEST_CASE("lessons ask all types, about at most as many objects as wanted") {
  std::set<scenes::QuestionType> types;
  const auto lesson = scene_lesson(200, 3, 1, 1);
  for (const auto& question : lesson.questions) types.insert(question.type);
  for (const auto& scene : lesson.scenes) CHECK(scene.objects.size() <= 3);
  CHECK(types.size() == scenes::kQuestionTypes.size());
}

TEST_CASE("in words, the description precedes the same question") {
  const TextIds text = test::small_text();
  const auto lesson = scene_lesson(5, 3, 1, 1);
  const auto worded = in_words(text, lesson, 1), alone = questions_alone(text, lesson);
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string prompt = text_of(text, worded[i].prompt);
    for (const auto& object : lesson.scenes[i].objects) {
      CHECK(prompt.find(scenes::describe(object)) != std::string::npos);
    }
    CHECK(prompt.ends_with(' ' + lesson.questions[i].text));
    CHECK(text_of(text, alone[i].prompt) == lesson.questions[i].text);
    CHECK(text_of(text, worded[i].answer) == ' ' + lesson.questions[i].answer);
  }
}

TEST_CASE("copying is practised with words that the exam does not ask") {
  const TextIds text = test::small_text();
  for (std::uint64_t step = 0; step < 20; ++step) {
    for (const auto& exchange : copy_lesson(text, 20, 1, step)) {
      const std::string prompt = text_of(text, exchange.prompt), answer = text_of(text, exchange.answer);
      REQUIRE(prompt == "heard:" + answer + ". what was heard?");
    }
  }
  const auto exam = copy_exam(text, 100, 1);
  CHECK(exam.size() == 100);
  for (const auto& exchange : exam) CHECK(scenes::is_held_out(text_of(text, exchange.answer).substr(1)));
}

TEST_CASE("a packed batch asks each answer id, and the end, of the position before it") {
  const TextIds text = test::small_text();
  const std::vector<Exchange> exchanges{{{10, 11, 12}, {20}, ""}, {{13}, {21, 22}, ""}};
  const TextBatch batch = pack(exchanges, text);
  const auto begin = text.begin(), end = text.end();
  CHECK(batch.ids.equal(
      at::tensor({begin, std::int64_t{10}, std::int64_t{11}, std::int64_t{12}, std::int64_t{20}, begin,
                  std::int64_t{13}, std::int64_t{21}, std::int64_t{22}, end})
          .reshape({2, 5})));
  CHECK(batch.row.equal(at::tensor({0, 0, 1, 1, 1}, at::kLong)));
  CHECK(batch.column.equal(at::tensor({3, 4, 1, 2, 3}, at::kLong)));
  CHECK(batch.targets.equal(at::tensor({std::int64_t{20}, end, std::int64_t{21}, std::int64_t{22}, end})));
}
