#pragma once
// Recordings with one label each, and the one question that is asked about all of them.

#include <map>
#include <string>
#include <vector>

#include "core/dataset/collection.hpp"
#include "core/dataset/split_rule.hpp"

namespace lateral::dataset {

struct Example {
  std::string id;
  std::map<std::string, std::vector<std::filesystem::path>> inputs;
  std::string label = {};  ///< empty: a recording without a question
  std::string group = {};  ///< what must not be torn apart by a split; empty: the id
  std::string split = {};  ///< where the data themselves say it; empty: by the rule
};

struct Labelling {
  std::string question = {};  ///< asked about every example that has a label
  std::string type = {};      ///< of the question; may be empty
  std::map<std::string, std::string> answers =
      {};  ///< label -> answer; empty: labels are answers, `_` as a blank
  SplitRule split = {};
  std::int64_t train_limit = 0;  ///< at most so many examples in "train", drawn by the rule's seed; 0 = all
};

/// The answers of a JSON object {"label": "answer", ...}. Throws what the JSON reader throws.
std::map<std::string, std::string> read_answers(const std::filesystem::path& path);

/// Splits the examples and adds them, in order of their ids. Labels that `answers` does not know are left
/// out. Throws as split_groups(), and InvalidArgument when there are labels but no question.
void add_examples(Collection& collection, std::vector<Example> examples, const Labelling& labelling);

}  // namespace lateral::dataset
