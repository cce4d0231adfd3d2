// The manifest beside a plugin, and a configuration's options held against it.

#include "core/config/manifest.hpp"
#include "core/base/error.hpp"
#include "tests/fuzz/target.hpp"

namespace {

/// Of each type one, under keys that the seeds declare.
std::vector<lateral::config::Option> some_options() {
  const lateral::config::Location where{"lateral.toml", 1, 1};
  return {{"a", std::string("text"), where},
          {"b", std::int64_t{7}, where},
          {"c", -0.5, where},
          {"d", true, where},
          {"e", std::vector<std::int64_t>{1, 2}, where}};
}

}  // namespace

void lateral::fuzz::run(Input input) {
  const auto manifest = config::parse_manifest(text_of(input), "/a/b.lateral.toml", 0);
  require(!manifest.id.empty() && manifest.sha256.size() == 64, "a manifest says whose it is");
  for (const auto& encoder : manifest.encoders) require(!encoder.name.empty(), "an encoder has a name");
  config::check_options(manifest, "radar", some_options());
}
