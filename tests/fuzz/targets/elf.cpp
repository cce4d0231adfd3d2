// A plugin's file before the loader touches it, and what the host would say of it.

#include "core/plugin/inspection.hpp"
#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) {
  const auto elf = plugin::read_elf(input);
  if (elf.note) require(elf.note->id[sizeof elf.note->id - 1] == '\0', "the note's id ends");
  const auto facts = plugin::inspect("a.lateral.so", input);
  require(facts.bytes == input.size(), "the size is that of the file");
  for (const auto& each : {facts.problems, facts.thread_problems, facts.pins, facts.warnings}) {
    for (const auto& text : each) require_readable(text);
  }
  plugin::require_loadable(facts, plugin::Isolation::Thread);
}
