#include <string>

#include "core/format/json.hpp"
#include "core/plugin/plugin_host.hpp"
#include "host/commands/commands.hpp"
#include "host/events.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/plugin_text.hpp"

namespace lateral::host {
namespace {

plugin::SearchPath search_of(const std::vector<std::filesystem::path>& wanted) {
  return wanted.empty() ? plugin::default_search() : plugin::SearchPath(wanted);
}

}  // namespace

int run_command(const PluginListOptions& options, const CommonOptions& common) {
  const plugin::PluginHost host(search_of(options.search));
  const auto entries = host.list();
  if (!common.json) {
    for (const auto& entry : entries) print_line(line_of(entry));
    if (entries.empty()) {
      std::vector<std::string> folders;
      for (const auto& folder : host.search()) folders.push_back(folder.string());
      print_line("no plugins in " + joined(folders, "no folder at all"));
    }
    return kExitOk;
  }
  format::json::Writer json;
  json.begin_object().key("plugins").begin_array();
  for (const auto& entry : entries) {
    json.begin_object().member("file", entry.file.string()).member("message", entry.message);
    if (entry.facts) add_facts(json, *entry.facts);
    json.end_object();
  }
  json.end_array().end_object();
  print_line(std::move(json).text());
  return kExitOk;
}

int run_command(const PluginShowOptions& options, const CommonOptions& common) {
  const plugin::PluginHost host(search_of(options.search));
  const auto facts = host.show(options.plugin);
  if (!common.json) {
    print_line(text_of(facts));
  } else {
    format::json::Writer json;
    json.begin_object().member("file", facts.file.string());
    add_facts(json, facts);
    json.end_object();
    print_line(std::move(json).text());
  }
  return problems_in(facts, plugin::Isolation::Thread).empty() ? kExitOk : kExitData;
}

}  // namespace lateral::host
