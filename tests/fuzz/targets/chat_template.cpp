// chat_template.jinja, then tokenizer_config.json, which has one as well where the first is empty.

#include "core/format/chat_template.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const auto sections = sections_of(input, 2);
  const ScratchFile source("chat_template.jinja", sections[0]), config("tokenizer_config.json", sections[1]);
  const auto chat = format::ChatTemplate::load(scratch_folder());
  if (!chat) return;
  const format::ChatMessage talk[] = {{"system", "Be brief."},
                                      {"user", " Is there  a bus?\n"},
                                      {"assistant", "<think>\xE2\x82\xAC</think> No."},
                                      {"user", "\xC3\xA9"}};
  require(chat->render(talk) == chat->render(talk), "a conversation always has one text");
  static_cast<void>(chat->render({}, false));
}
