#include "models/scenes/words.hpp"

#include <set>

#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::scenes;

TEST_CASE("a description names every object once, in varying order") {
  const Scene scene = make_scene(5, 1, {3, 3});
  REQUIRE(scene.objects.size() == 3);
  std::set<std::string> orders;
  for (std::uint64_t i = 0; i < 40; ++i) {
    Random random(9, i);
    const std::string text = describe(scene, random);
    std::size_t length = scene.objects.size() - 1;
    for (const Object& object : scene.objects) {
      CHECK(text.find(describe(object)) != std::string::npos);
      length += describe(object).size();
    }
    CHECK(text.size() == length);
    orders.insert(text);
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("an object in words") {
  Object object;
  object.kind = Kind::Bus;
  object.bin = 7;
  CHECK(describe(object) == "a standing bus at 105 degrees.");
}

TEST_CASE("training labels and held-out labels never meet") {
  Random random(1);
  std::set<std::string> seen, kept;
  for (int i = 0; i < 20000; ++i) {
    const std::string trained = training_label(random);
    const std::string held_out = held_out_label(random);
    REQUIRE_FALSE(is_held_out(trained));
    REQUIRE(is_held_out(held_out));
    seen.insert(trained);
    kept.insert(held_out);
  }
  for (const auto word : held_out_words()) {
    CHECK(is_held_out(word));
    CHECK(seen.count(std::string(word)) == 0);
  }
  CHECK(kept.size() > 1000);
  for (const auto& label : kept) CHECK(seen.count(label) == 0);
}

TEST_CASE("about one word in eight is held out, short ones too") {
  int held_out = 0, words = 0;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      held_out += is_held_out(std::string{a, b}) ? 1 : 0;
      ++words;
    }
  }
  CHECK(held_out / static_cast<double>(words) == Catch::Approx(0.125).margin(0.05));
}

TEST_CASE("a drill asks for what it said") {
  const Drill drill = copy_drill("zulu");
  CHECK(drill.prompt == "heard: zulu. what was heard?");
  CHECK(drill.answer == "zulu");
}
