#include "core/plugin/inspection.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/plugin/judges.hpp"
#include "core/plugin/plugin_file.hpp"

namespace lateral::plugin {
namespace {

constexpr std::string_view kEntryPrefix = "lateral_plugin_entry_v";

bool acceptable_id(std::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

void judge_entry(const ElfFacts& elf, PluginFacts& facts) {
  std::string others;
  for (const auto& symbol : elf.defined) {
    if (symbol.name == LAT_ENTRY_NAME) {
      if (!symbol.function) facts.problems.push_back(LAT_ENTRY_NAME " is data, not a function");
      return;
    }
    if (symbol.name.starts_with(kEntryPrefix))
      others += " " + shown(symbol.name.substr(kEntryPrefix.size() - 1));
  }
  facts.problems.push_back(others.empty()
                               ? "does not export " LAT_ENTRY_NAME
                                 " (build it with lateral_add_plugin(), or mark the function LAT_EXPORT)"
                               : "exports" + others + ", this host speaks v1");
}

void judge_note(const ElfFacts& elf, PluginFacts& facts) {
  if (!elf.note) {
    facts.problems.push_back("has no lateral note (LAT_NOTE or LATERAL_PLUGIN makes it)");
    return;
  }
  facts.library_id = shown(elf.note->id);  // both are printed wherever plugins are listed
  facts.version = shown(elf.note->version);
  facts.abi_major = elf.note->abi_major;
  facts.abi_minor_built = elf.note->abi_minor_built;
  facts.abi_minor_required = elf.note->abi_minor_required;
  facts.flags = elf.note->flags;
  if (!acceptable_id(facts.library_id))
    facts.problems.push_back("its id \"" + facts.library_id + "\" is not made of [a-z0-9._-]");
  if (facts.abi_major != LAT_ABI_MAJOR) {
    facts.problems.push_back("was built for ABI " + std::to_string(facts.abi_major) +
                             "; this host speaks ABI " + std::to_string(LAT_ABI_MAJOR));
  } else if (facts.abi_minor_required > LAT_ABI_MINOR) {
    facts.problems.push_back("needs a host of ABI 1." + std::to_string(facts.abi_minor_required) +
                             " or later, this is 1." + std::to_string(LAT_ABI_MINOR));
  }
}

}  // namespace

PluginFacts inspect(const std::filesystem::path& file, std::span<const std::byte> image,
                    const std::filesystem::path& host_libraries) {
  ElfFacts elf;
  try {
    elf = read_elf(image);
  } catch (const Error& error) {
    throw Error(error.code(), file.string(), error.what());
  }
  PluginFacts facts;
  facts.file = file;
  facts.bytes = image.size();
  facts.needed = elf.needed;
  judge_entry(elf, facts);
  judge_note(elf, facts);
  judge_dependencies(elf, host_libraries, facts);
  judge_removal(elf, facts);
  predict(elf, facts);
  return facts;
}

PluginFacts inspect(const std::filesystem::path& file, const std::filesystem::path& host_libraries) {
  return inspect(file, read_bytes(file, kMaxPluginBytes), host_libraries);
}

std::vector<std::string> problems_in(const PluginFacts& facts, Isolation isolation) {
  auto problems = facts.problems;
  if (isolation == Isolation::Thread) {
    problems.insert(problems.end(), facts.thread_problems.begin(), facts.thread_problems.end());
  }
  return problems;
}

void require_loadable(const PluginFacts& facts, Isolation isolation) {
  const auto problems = problems_in(facts, isolation);
  if (problems.empty()) return;
  std::string all;
  for (const auto& problem : problems) all += (all.empty() ? "" : "; ") + problem;
  const bool abi = facts.abi_major != LAT_ABI_MAJOR || facts.abi_minor_required > LAT_ABI_MINOR;
  fail(abi ? Errc::AbiMismatch : Errc::Unsupported, "plugin", facts.file.string(), " ", all);
}

}  // namespace lateral::plugin
