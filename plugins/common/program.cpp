#include "plugins/common/program.hpp"

#include <sstream>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr std::int64_t kLargest = 65536;

std::size_t numbers_of(const std::string& name, const std::string& text) {
  constexpr struct {
    const char* name;
    std::size_t numbers;
  } kLayers[] = {{"conv", 3}, {"relu", 0},     {"gelu", 0},      {"tokens", 1}, {"linear", 1},
                 {"mlp", 1},  {"position", 0}, {"attention", 1}, {"norm", 0}};
  for (const auto& layer : kLayers) {
    if (name == layer.name) return layer.numbers;
  }
  sdk::fail(LAT_DATA_LOSS, "the weights ask for a layer \"", text, "\" that this plugin does not know");
}

Step parse_step(const std::string& text) {
  std::istringstream words(text);
  Step step;
  words >> step.name;
  const std::size_t wanted = numbers_of(step.name, text);
  for (std::int64_t number = 0; words >> number;) {
    if (number < 1 || number > kLargest)
      sdk::fail(LAT_DATA_LOSS, "layer \"", text, "\": 1 to ", kLargest, " is possible");
    step.numbers.push_back(number);
  }
  if (!words.eof() || step.numbers.size() != wanted) {
    sdk::fail(LAT_DATA_LOSS, "layer \"", text, "\" takes ", wanted, " whole numbers");
  }
  return step;
}

}  // namespace

std::vector<Step> parse_program(std::string_view program) {
  std::vector<Step> steps;
  std::istringstream parts{std::string(program)};
  for (std::string text; std::getline(parts, text, ';');) steps.push_back(parse_step(text));
  return steps;
}

}  // namespace lateral::plugins
