#include "models/scenes/question.hpp"

#include <array>
#include <utility>
#include <vector>

namespace lateral::scenes {
namespace {

constexpr int kStatuses = 2;

/// What the questions are about, counted once.
struct Facts {
  explicit Facts(const Scene& scene) : objects(scene.objects) {
    for (const Object& object : objects) {
      const auto kind = static_cast<std::size_t>(object.kind);
      ++of_kind[kind];
      ++of_status[object.moving ? 1 : 0][kind];
      occupied[static_cast<std::size_t>(object.bin)] = true;
    }
  }
  int moving_or_standing(int status) const {
    int sum = 0;
    for (const int n : of_status[static_cast<std::size_t>(status)]) sum += n;
    return sum;
  }

  const std::vector<Object>& objects;
  std::array<int, kKinds> of_kind{};
  std::array<std::array<int, kKinds>, kStatuses> of_status{};
  std::array<bool, kBins> occupied{};
};

/// A kind of object, or one with a status.
struct Group {
  int kind = 0;
  int status = -1;  // -1: either
};

int size_of(const Group& group, const Facts& facts) {
  const auto kind = static_cast<std::size_t>(group.kind);
  return group.status < 0 ? facts.of_kind[kind]
                          : facts.of_status[static_cast<std::size_t>(group.status)][kind];
}

std::string words_for(const Group& group, bool plural) {
  std::string words;
  if (group.status >= 0) words = std::string(status_name(group.status == 1)) + ' ';
  words += plural ? plural_of(static_cast<Kind>(group.kind)) : name_of(static_cast<Kind>(group.kind));
  return words;
}

std::vector<Group> all_groups(bool with_status) {
  std::vector<Group> groups;
  for (int kind = 0; kind < kKinds; ++kind) {
    if (!with_status) groups.push_back({kind, -1});
    for (int status = 0; with_status && status < kStatuses; ++status) groups.push_back({kind, status});
  }
  return groups;
}

template <typename T>
const T& pick(const std::vector<T>& from, Random& random) {
  return from[random.below(static_cast<std::uint32_t>(from.size()))];
}

template <typename T, typename Keep>
std::vector<T> only(const std::vector<T>& from, const Keep& keep) {
  std::vector<T> kept;
  for (const T& item : from) {
    if (keep(item)) kept.push_back(item);
  }
  return kept;
}

std::string yes_no(bool yes) {
  return yes ? "yes" : "no";
}
std::string degrees_of(int bin) {
  return std::to_string(bin * static_cast<int>(kBinDegrees)) + " degrees";
}

std::vector<int> bins_where(const Facts& facts, bool occupied) {
  std::vector<int> bins;
  for (int bin = 0; bin < kBins; ++bin) {
    if (facts.occupied[static_cast<std::size_t>(bin)] == occupied) bins.push_back(bin);
  }
  return bins;
}

std::optional<Question> existence_at_bearing(const Facts& facts, bool yes, Random& random) {
  const auto bins = bins_where(facts, yes);
  if (bins.empty()) return std::nullopt;
  return Question{"is there anything at " + degrees_of(pick(bins, random)) + "?", yes_no(yes),
                  QuestionType::Existence};
}

std::optional<Question> existence(const Facts& facts, Random& random) {
  const bool yes = random.chance(0.5F);
  const float form = random.uniform();
  if (form >= 0.7F) return existence_at_bearing(facts, yes, random);
  auto groups =
      only(all_groups(form >= 0.3F), [&](const Group& group) { return (size_of(group, facts) > 0) == yes; });
  if (form >= 0.3F && !yes && random.chance(0.6F)) {  // near misses: the kind is there, with the other status
    auto near = only(
        groups, [&](const Group& group) { return facts.of_kind[static_cast<std::size_t>(group.kind)] > 0; });
    if (!near.empty()) groups = std::move(near);
  }
  if (groups.empty()) return std::nullopt;
  return Question{"is there a " + words_for(pick(groups, random), false) + "?", yes_no(yes),
                  QuestionType::Existence};
}

/// The answer is drawn first, evenly among those that occur: else nearly every count would be 0.
Question count_of_group(const Facts& facts, bool with_status, Random& random) {
  const auto groups = all_groups(with_status);
  std::array<bool, kBins + 1> seen{};
  for (const Group& group : groups) seen[static_cast<std::size_t>(size_of(group, facts))] = true;
  std::vector<int> sizes;
  for (int size = 0; size <= kBins; ++size) {
    if (seen[static_cast<std::size_t>(size)]) sizes.push_back(size);
  }
  const int size = pick(sizes, random);
  const auto fitting = only(groups, [&](const Group& group) { return size_of(group, facts) == size; });
  return {"how many " + words_for(pick(fitting, random), true) + " are there?", std::to_string(size),
          QuestionType::Count};
}

Question count(const Facts& facts, Random& random) {
  const float form = random.uniform();
  if (form < 0.15F) {
    return {"how many objects are there?", std::to_string(facts.objects.size()), QuestionType::Count};
  }
  if (form < 0.3F) {
    const int status = random.chance(0.5F) ? 1 : 0;
    return {"how many " + std::string(status_name(status == 1)) + " objects are there?",
            std::to_string(facts.moving_or_standing(status)), QuestionType::Count};
  }
  return count_of_group(facts, form >= 0.7F, random);
}

Question object(const Facts& facts, Random& random) {
  constexpr float kNothing = 0.12F;
  const auto empty = bins_where(facts, false);
  if (!empty.empty() && random.chance(kNothing)) {
    return {"what is at " + degrees_of(pick(empty, random)) + "?", "nothing", QuestionType::Object};
  }
  const Object& one = pick(facts.objects, random);
  return {"what is at " + degrees_of(one.bin) + "?", std::string(name_of(one.kind)), QuestionType::Object};
}

/// Kinds of which there is exactly one: "the car".
std::vector<int> single_kinds(const Facts& facts) {
  std::vector<int> kinds;
  for (int kind = 0; kind < kKinds; ++kind) {
    if (facts.of_kind[static_cast<std::size_t>(kind)] == 1) kinds.push_back(kind);
  }
  return kinds;
}

bool single_moves(const Facts& facts, int kind) {
  return facts.of_status[1][static_cast<std::size_t>(kind)] == 1;
}

Question status(const Facts& facts, Random& random) {
  const auto singles = single_kinds(facts);
  if (random.chance(0.5F) && !singles.empty()) {
    const int kind = pick(singles, random);
    return {"what is the status of the " + words_for({kind, -1}, false) + "?",
            std::string(status_name(single_moves(facts, kind))), QuestionType::Status};
  }
  const Object& one = pick(facts.objects, random);
  return {"what is the status of the object at " + degrees_of(one.bin) + "?",
          std::string(status_name(one.moving)), QuestionType::Status};
}

using KindPair = std::pair<int, int>;

template <typename Keep>
std::vector<KindPair> pairs_of(const std::vector<int>& kinds, const Keep& keep) {
  std::vector<KindPair> pairs;
  for (const int a : kinds) {
    for (const int b : kinds) {
      if (a != b && keep(a, b)) pairs.emplace_back(a, b);
    }
  }
  return pairs;
}

std::optional<Question> comparison(const Facts& facts, Random& random) {
  const bool yes = random.chance(0.5F);
  if (random.chance(0.4F)) {
    const auto pairs = pairs_of(single_kinds(facts), [&](int a, int b) {
      return (single_moves(facts, a) == single_moves(facts, b)) == yes;
    });
    if (!pairs.empty()) {
      const auto [a, b] = pick(pairs, random);
      return Question{"do the " + words_for({a, -1}, false) + " and the " + words_for({b, -1}, false) +
                          " have the same status?",
                      yes_no(yes), QuestionType::Comparison};
    }
  }
  const auto pairs = pairs_of({0, 1, 2, 3, 4, 5, 6, 7}, [&](int a, int b) {
    const int of_a = facts.of_kind[static_cast<std::size_t>(a)];
    const int of_b = facts.of_kind[static_cast<std::size_t>(b)];
    return of_a + of_b > 0 && (of_a > of_b) == yes;
  });
  if (pairs.empty()) return std::nullopt;
  const auto [a, b] = pick(pairs, random);
  return Question{"are there more " + words_for({a, -1}, true) + " than " + words_for({b, -1}, true) + "?",
                  yes_no(yes), QuestionType::Comparison};
}

}  // namespace

std::string_view name_of(QuestionType type) {
  constexpr std::array<std::string_view, kQuestionTypes.size()> kNames{"existence", "count", "object",
                                                                       "status", "comparison"};
  return kNames[static_cast<std::size_t>(type)];
}

std::optional<Question> try_ask(const Scene& scene, QuestionType type, Random& random) {
  const Facts facts(scene);
  switch (type) {
    case QuestionType::Existence:
      return existence(facts, random);
    case QuestionType::Count:
      return count(facts, random);
    case QuestionType::Object:
      return object(facts, random);
    case QuestionType::Status:
      return status(facts, random);
    case QuestionType::Comparison:
      return comparison(facts, random);
  }
  return std::nullopt;
}

Question ask(const Scene& scene, QuestionType type, Random& random) {
  while (true) {
    if (auto question = try_ask(scene, type, random)) return *std::move(question);
  }
}

Question ask(const Scene& scene, std::uint64_t number) {
  Random random(mix_seed(scene.id, number), 1);
  // As in the language model's training: a form that does not suit the scene gives the type away to
  // another draw.
  while (true) {
    const auto type = kQuestionTypes[random.below(static_cast<std::uint32_t>(kQuestionTypes.size()))];
    if (auto question = try_ask(scene, type, random)) return *std::move(question);
  }
}

}  // namespace lateral::scenes
