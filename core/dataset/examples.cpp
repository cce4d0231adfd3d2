#include "core/dataset/examples.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/format/json.hpp"

namespace lateral::dataset {
namespace {

std::optional<std::string> answer_to(const std::string& label, const Labelling& labelling) {
  if (labelling.answers.empty()) {
    std::string answer = label;
    std::replace(answer.begin(), answer.end(), '_', ' ');
    return answer;
  }
  const auto found = labelling.answers.find(label);
  return found == labelling.answers.end() ? std::nullopt : std::optional(found->second);
}

void leave_out_unknown_labels(Collection& collection, std::vector<Example>& examples,
                              const Labelling& labelling) {
  std::erase_if(examples, [&](const Example& example) {
    const bool unknown = !example.label.empty() && !answer_to(example.label, labelling);
    if (unknown) collection.leave_out("files whose label has no answer", example.id + ": " + example.label);
    return unknown;
  });
}

void split(std::vector<Example>& examples, const SplitRule& rule) {
  std::set<std::string> groups;
  for (Example& example : examples) {
    if (example.group.empty()) example.group = example.id;
    if (example.split.empty()) groups.insert(example.group);
  }
  const auto splits = split_groups(groups, rule);
  for (Example& example : examples) {
    if (example.split.empty()) example.split = splits.at(example.group);
  }
}

void thin_out(Collection& collection, std::vector<Example>& examples, const Labelling& labelling) {
  if (labelling.train_limit == 0) return;
  std::vector<std::size_t> train;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].split == "train") train.push_back(i);
  }
  const auto limit = static_cast<std::size_t>(labelling.train_limit);
  if (train.size() <= limit) return;
  Random(labelling.split.seed, 1).shuffle(std::span(train));
  std::vector<bool> dropped(examples.size());
  for (std::size_t i = limit; i < train.size(); ++i) dropped[train[i]] = true;
  std::vector<Example> kept;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (dropped[i])
      collection.leave_out("beyond the limit of train", examples[i].id);
    else
      kept.push_back(std::move(examples[i]));
  }
  examples = std::move(kept);
}

}  // namespace

std::map<std::string, std::string> read_answers(const std::filesystem::path& path) {
  const auto object = format::json::read_file(path, {.max_bytes = 16U << 20U, .max_depth = 2});
  if (!object.is(format::json::Kind::Object) || object.size() == 0)
    object.reject("an object {\"label\": \"answer\", ...}");
  std::map<std::string, std::string> answers;
  for (std::size_t i = 0; i < object.size(); ++i) answers.emplace(object.key(i), object[i].as_string());
  return answers;
}

void add_examples(Collection& collection, std::vector<Example> examples, const Labelling& labelling) {
  const bool labelled = std::any_of(examples.begin(), examples.end(),
                                    [](const Example& example) { return !example.label.empty(); });
  if (labelled && labelling.question.empty())
    fail(Errc::InvalidArgument, "import",
         "there are labels but no question; say what is asked: --question TEXT");
  std::sort(examples.begin(), examples.end(), [](const Example& a, const Example& b) { return a.id < b.id; });
  leave_out_unknown_labels(collection, examples, labelling);
  split(examples, labelling.split);
  thin_out(collection, examples, labelling);
  for (Example& example : examples) {
    const auto answer = example.label.empty() ? std::nullopt : answer_to(example.label, labelling);
    const auto moment =
        collection.add({std::move(example.id), std::move(example.split), std::move(example.inputs)});
    if (answer) collection.ask(moment, labelling.question, *answer, labelling.type);
  }
}

}  // namespace lateral::dataset
