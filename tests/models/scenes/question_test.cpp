#include "models/scenes/question.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::scenes;

namespace {

// The oracle reads the question's words and looks at every object; it shares nothing with the generator.
struct Wanted {
  std::string kind;    // "" = any
  std::string status;  // "" = any
};

const std::map<std::string, std::string> kSingular{
    {"cars", "car"},         {"trucks", "truck"}, {"buses", "bus"},        {"pedestrians", "pedestrian"},
    {"bicycles", "bicycle"}, {"cones", "cone"},   {"barriers", "barrier"}, {"trailers", "trailer"},
    {"objects", ""}};

std::string singular(const std::string& word) {
  const auto found = kSingular.find(word);
  return found == kSingular.end() ? word : found->second;
}

std::string status_of(const Object& object) {
  return object.moving ? "moving" : "standing";
}

bool is(const Object& object, const Wanted& wanted) {
  return (wanted.kind.empty() || name_of(object.kind) == wanted.kind) &&
         (wanted.status.empty() || status_of(object) == wanted.status);
}

long how_many(const Scene& scene, const Wanted& wanted) {
  return std::count_if(scene.objects.begin(), scene.objects.end(),
                       [&](const Object& o) { return is(o, wanted); });
}

const Object* seen_at(const Scene& scene, int degrees) {
  for (const Object& object : scene.objects) {
    if (object.bearing >= static_cast<float>(degrees) && object.bearing < static_cast<float>(degrees + 15)) {
      return &object;
    }
  }
  return nullptr;
}

const Object& the_only(const Scene& scene, const std::string& kind) {
  REQUIRE(how_many(scene, {kind, ""}) == 1);
  return *std::find_if(scene.objects.begin(), scene.objects.end(), [&](const Object& o) {
    return is(o, {kind, ""});
  });
}

std::string yes(bool value) {
  return value ? "yes" : "no";
}

std::string oracle(const Scene& scene, const std::string& text) {
  std::smatch m;
  const auto matches = [&](const char* pattern) { return std::regex_match(text, m, std::regex(pattern)); };
  if (matches(R"(is there anything at (\d+) degrees\?)"))
    return yes(seen_at(scene, std::stoi(m[1])) != nullptr);
  if (matches(R"(is there a (?:(moving|standing) )?(\w+)\?)")) return yes(how_many(scene, {m[2], m[1]}) > 0);
  if (matches(R"(how many (?:(moving|standing) )?(\w+) are there\?)")) {
    return std::to_string(how_many(scene, {singular(m[2]), m[1]}));
  }
  if (matches(R"(what is at (\d+) degrees\?)")) {
    const Object* const object = seen_at(scene, std::stoi(m[1]));
    return object == nullptr ? "nothing" : std::string(name_of(object->kind));
  }
  if (matches(R"(what is the status of the object at (\d+) degrees\?)")) {
    const Object* const object = seen_at(scene, std::stoi(m[1]));
    REQUIRE(object != nullptr);
    return status_of(*object);
  }
  if (matches(R"(what is the status of the (\w+)\?)")) return status_of(the_only(scene, m[1]));
  if (matches(R"(do the (\w+) and the (\w+) have the same status\?)")) {
    return yes(status_of(the_only(scene, m[1])) == status_of(the_only(scene, m[2])));
  }
  if (matches(R"(are there more (\w+) than (\w+)\?)")) {
    return yes(how_many(scene, {singular(m[1]), ""}) > how_many(scene, {singular(m[2]), ""}));
  }
  FAIL("the oracle does not understand: " << text);
  return {};
}

}  // namespace

TEST_CASE("every answer is what a reader of the question finds in the scene") {
  std::map<QuestionType, int> types;
  for (std::uint64_t i = 0; i < 800; ++i) {
    const Scene scene = make_scene(21, i, {1, 8});
    for (std::uint64_t number = 0; number < 5; ++number) {
      const Question question = ask(scene, number);
      INFO(question.text);
      CHECK(question.answer == oracle(scene, question.text));
      ++types[question.type];
    }
  }
  for (const QuestionType type : kQuestionTypes) CHECK(types[type] > 4000 / 5 - 150);
}

TEST_CASE("a question of a wanted type is of that type") {
  for (const QuestionType type : kQuestionTypes) {
    for (std::uint64_t i = 0; i < 50; ++i) {
      Random random(2, i);
      const Scene scene = make_scene(22, i);
      const Question question = ask(scene, type, random);
      CHECK(question.type == type);
      CHECK(question.answer == oracle(scene, question.text));
    }
  }
}

TEST_CASE("question n about a scene is always the same") {
  const Scene scene = make_scene(4, 9);
  const Question third = ask(scene, 3);
  ask(scene, 0);
  CHECK(ask(scene, 3).text == third.text);
  CHECK(ask(make_scene(4, 9), 3).text == third.text);
}

TEST_CASE("who knows the question but not the scene is right in about 0.45 of the cases") {
  std::map<std::string, std::map<std::string, int>> seen;
  constexpr std::uint64_t kTrain = 8000, kTest = 2000, kEach = 5;
  for (std::uint64_t i = 0; i < kTrain; ++i) {
    const Scene scene = make_scene(31, i);
    for (std::uint64_t number = 0; number < kEach; ++number) {
      const Question question = ask(scene, number);
      ++seen[question.text][question.answer];
    }
  }
  int right = 0;
  for (std::uint64_t i = kTrain; i < kTrain + kTest; ++i) {
    const Scene scene = make_scene(31, i);
    for (std::uint64_t number = 0; number < kEach; ++number) {
      const Question question = ask(scene, number);
      const auto& answers = seen[question.text];
      const auto best = std::max_element(answers.begin(), answers.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      right += best != answers.end() && best->first == question.answer ? 1 : 0;
    }
  }
  const double rate = right / static_cast<double>(kTest * kEach);
  INFO("blind lookup: " << rate);
  CHECK(rate > 0.40);
  CHECK(rate < 0.50);
}
