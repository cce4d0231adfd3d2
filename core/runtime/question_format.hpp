#pragma once
// How a model wants to be asked, and where its answers end. A model directory says it in `lateral.json` beside its
// config.json; every member but `format` may be left out:
//   {"format": 1, "prompt": "question : {question} answer :", "lead": " ", "stop": ["\n"]}

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/training/example.hpp"

namespace lateral::runtime {

struct QuestionFormat {
  training::PromptFormat prompt{.before = "Question: ", .after = "\nAnswer:"};
  std::vector<std::string> stop = {"\n"};  ///< an answer ends before the first of these texts

  /// `answer` up to the first stop text, without blanks at its ends.
  std::string trimmed(std::string_view answer) const;
  /// A stop text stands in it: generating more is of no use.
  bool complete(std::string_view answer) const;
};

/// What the directory says, or the default where it says nothing. Throws Corrupt naming the member that is wrong.
QuestionFormat read_question_format(const std::filesystem::path& model_folder);

}  // namespace lateral::runtime
