#include <string>

#include "core/format/json.hpp"
#include "host/commands/commands.hpp"
#include "host/exit_codes.hpp"
#include "host/new/new_project.hpp"
#include "host/output.hpp"

namespace lateral::host {

int run_command(const PluginNewOptions& options, const CommonOptions& common) {
  const auto files = write_project({options.name, options.language, options.folder, installed_templates()});
  if (common.json) {
    format::json::Writer json;
    json.begin_object().member("folder", options.folder.string()).key("files").begin_array();
    for (const auto& file : files) json.value(file.string());
    json.end_array().end_object();
    print_line(std::move(json).text());
    return kExitOk;
  }
  for (const auto& file : files) print_line(file.string());
  const auto folder = options.folder.string();
  print_line("next: cmake -S " + folder + " -B " + folder +
             "/build -DCMAKE_PREFIX_PATH=/where/lateral/is/installed && cmake --build " + folder +
             "/build && ctest --test-dir " + folder + "/build");
  return kExitOk;
}

}  // namespace lateral::host
