// A line of `lateral run`, from a terminal, a pipe or the control socket.

#include "host/command_line.hpp"
#include "host/input_name.hpp"
#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) {
  const auto line = text_of(input);
  static_cast<void>(host::parse_input_name(line));
  const auto command = host::parse_run_command(line);
  if (!command) return;
  if (const auto* ask = std::get_if<host::AskCommand>(&*command))
    require(!ask->question.empty(), "a question is asked");
  if (const auto* files = std::get_if<host::InputCommand>(&*command))
    require(!files->paths.empty(), "files are named");
  static_cast<void>(host::split_words(line));
}
