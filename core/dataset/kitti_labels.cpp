#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <span>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/dataset/kitti.hpp"

namespace lateral::dataset {
namespace {

constexpr std::size_t kNumbers =
    14;  // behind the class: truncation, occlusion, angle, box, size, place, rotation
constexpr std::size_t kMaxClassBytes = 32;
constexpr std::size_t kMaxObjects = 10000;

const std::vector<std::string>& classes() {
  static const std::vector<std::string> all{"car",     "van", "truck", "pedestrian", "sitting person",
                                            "cyclist", "tram"};
  return all;
}

std::string class_in_words(std::string_view name) {
  if (name == "Person_sitting") return "sitting person";
  std::string words(name);
  for (char& c : words) c = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return words;
}

std::string plural_of(const std::string& name) {
  return name == "sitting person" ? "sitting people" : name + "s";
}

std::string_view take_word(std::string_view& line) {
  const std::size_t start = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(start);
  const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
  line.remove_prefix(word.size());
  return word;
}

bool is_number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() && std::isfinite(value);
}

bool is_class(std::string_view word) {
  return word.size() <= kMaxClassBytes && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
         });
}

}  // namespace

std::map<std::string, std::int64_t> parse_kitti_labels(std::string_view text, std::string_view name) {
  std::map<std::string, std::int64_t> counts;
  std::size_t objects = 0;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view kind = take_word(line);
    if (kind.empty()) continue;
    if (!is_class(kind))
      fail(Errc::Corrupt, "kitti", name, ":", number, ": '", shown(kind), "' is no class of objects");
    std::size_t numbers = 0;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line), ++numbers) {
      if (!is_number(word))
        fail(Errc::Corrupt, "kitti", name, ":", number, ": '", shown(word), "' is no number");
    }
    if (numbers != kNumbers && numbers != kNumbers + 1) {
      fail(Errc::Corrupt, "kitti", name, ":", number, ": ", numbers,
           " numbers behind the class; there are 14, or 15 in results");
    }
    if (++objects > kMaxObjects)
      fail(Errc::ResourceExhausted, "kitti", name, " has more than ", kMaxObjects, " objects");
    if (kind != "DontCare" && kind != "Misc") ++counts[class_in_words(kind)];
  }
  return counts;
}

std::vector<KittiQuestion> kitti_questions(const std::map<std::string, std::int64_t>& counts, Random random) {
  std::vector<std::string> absent;
  std::copy_if(classes().begin(), classes().end(), std::back_inserter(absent),
               [&](const std::string& name) { return !counts.contains(name); });
  random.shuffle(std::span(absent));
  const auto existence = [](const std::string& name) { return "is there a " + name + "?"; };
  const auto counting = [](const std::string& name) { return "how many " + plural_of(name) + " are there?"; };
  std::vector<KittiQuestion> questions;
  for (const auto& [name, count] : counts) {
    questions.push_back({existence(name), "yes", "existence"});
    questions.push_back({counting(name), std::to_string(count), "counting"});
  }
  for (std::size_t i = 0; i < std::min(absent.size(), std::max<std::size_t>(1, counts.size())); ++i)
    questions.push_back({existence(absent[i]), "no", "existence"});
  if (!absent.empty()) questions.push_back({counting(absent.front()), "0", "counting"});
  return questions;
}

}  // namespace lateral::dataset
