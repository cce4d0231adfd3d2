#include "models/scenes/words.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <vector>

#include "core/base/hash.hpp"

namespace lateral::scenes {
namespace {

constexpr auto kHeldOutWords = std::to_array<std::string_view>(
    {"alfa",    "bravo",   "charlie", "delta", "echo",    "foxtrot",  "golf",    "hotel",
     "india",   "juliett", "kilo",    "lima",  "mike",    "november", "oscar",   "papa",
     "quebec",  "romeo",   "sierra",  "tango", "uniform", "victor",   "whiskey", "xray",
     "yankee",  "zulu",    "siren",   "horn",  "dog",     "rain",     "engine",  "thunder",
     "whistle", "bell",    "drill",   "crowd", "tram",    "brakes",   "gravel",  "silence"});

constexpr std::string_view kConsonants = "bcdfghjklmnprstvwz";
constexpr std::string_view kVowels = "aeiou";
constexpr std::string_view kCodas = "nrstlkm";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";

char pick(std::string_view from, Random& random) {
  return from[random.below(static_cast<std::uint32_t>(from.size()))];
}

std::string any_label(Random& random) {
  std::string label;
  if (random.chance(0.7F)) {
    for (int syllables = random.between(1, 3); syllables > 0; --syllables) {
      label += pick(kConsonants, random);
      label += pick(kVowels, random);
      if (random.chance(0.4F)) label += pick(kCodas, random);
    }
  } else {
    for (int letters = random.between(2, 5); letters > 0; --letters) label += pick(kLetters, random);
  }
  return label;
}

std::string label_that(bool held_out, Random& random) {
  std::string label;
  do label = any_label(random);
  while (is_held_out(label) != held_out);
  return label;
}

}  // namespace

std::string describe(const Object& object) {
  std::string text = "a ";
  text += status_name(object.moving);
  text += ' ';
  text += name_of(object.kind);
  text += " at " + std::to_string(object.bin * static_cast<int>(kBinDegrees)) + " degrees.";
  return text;
}

std::string describe(const Scene& scene, Random& random) {
  std::vector<std::size_t> order(scene.objects.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span<std::size_t>(order));
  std::string text;
  for (const std::size_t i : order) {
    if (!text.empty()) text += ' ';
    text += describe(scene.objects[i]);
  }
  return text;
}

Drill copy_drill(std::string_view label) {
  return {"heard: " + std::string(label) + ". what was heard?", std::string(label)};
}

std::string training_label(Random& random) {
  return label_that(false, random);
}
std::string held_out_label(Random& random) {
  return label_that(true, random);
}

bool is_held_out(std::string_view label) {
  // The hash's low bits alone depend on few letters of a short word; fold before taking the remainder.
  const std::uint64_t hash = Hash64().add(std::as_bytes(std::span(label))).value();
  return ((hash ^ (hash >> 29U) ^ (hash >> 47U)) & 7U) == 0 ||
         std::find(kHeldOutWords.begin(), kHeldOutWords.end(), label) != kHeldOutWords.end();
}

std::span<const std::string_view> held_out_words() {
  return kHeldOutWords;
}

}  // namespace lateral::scenes
