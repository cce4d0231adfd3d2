// A configuration, then one --set a line.

#include "core/config/config.hpp"
#include "tests/fuzz/scratch.hpp"

void lateral::fuzz::run(Input input) {
  const auto sections = sections_of(input, 2);
  std::vector<std::string> overrides;
  for (std::string_view rest = sections[1]; !rest.empty();) {
    overrides.emplace_back(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(overrides.back().size() + 1, rest.size()));
  }
  const auto config = config::parse(sections[0], "/a/lateral.toml", overrides);
  require(config.run.beams >= 1 && config.run.top_p > 0 && config.adapt.batch >= 1,
          "numbers keep their ranges");
  for (const auto& plugin : config.plugins) {
    require(!plugin.id.empty() && config.columns_of(plugin.id).size() <= plugin.columns.size(),
            "a plugin has an id");
    require(!plugin.library || plugin.library->id.empty() == plugin.library->file.is_absolute(),
            "a library is an id or a path");
  }
}
