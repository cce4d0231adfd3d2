#pragma once
// How a model wants to be asked, and where its answers end. A model directory says it in `lateral.json` beside its
// config.json; every member but `format` may be left out:
//   {"format": 1, "prompt": "question : {question} answer :", "lead": " ", "stop": ["\n"]}
// A model for conversations says it by the chat template beside its tokenizer: a question is then the only message of
// a user, and the model's end ids alone end an answer.

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

/// Whether questions go through the chat template.
enum class Chat {
  Auto,  ///< where there is one and no lateral.json; one that cannot be used is passed over with a warning
  On,    ///< always, whatever lateral.json says
  Off,
};
/// Of "auto", "on" or "off"; throws InvalidArgument.
Chat parse_chat(std::string_view text);

/// What the directory says, or the default where it says nothing. Throws Corrupt naming the member that is wrong;
/// with On also NotFound without a template, and what format::ChatTemplate throws.
QuestionFormat read_question_format(const std::filesystem::path& model_folder, Chat chat = Chat::Auto);

}  // namespace lateral::runtime
