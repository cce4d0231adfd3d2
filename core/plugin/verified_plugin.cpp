#include "core/plugin/verified_plugin.hpp"

#include <utility>

#include "core/base/sha256.hpp"
#include "core/plugin/manifest_check.hpp"
#include "core/plugin/plugin_file.hpp"

namespace lateral::plugin {

VerifiedPlugin VerifiedPlugin::again() const {
  return {std::make_shared<const SealedImage>(facts.file.filename().string(), image->bytes()), facts};
}

VerifiedPlugin verify(const std::filesystem::path& file, const Trust& trust) {
  const PluginFile opened = PluginFile::open(file);
  auto image =
      std::make_shared<const SealedImage>(opened.path().filename().string(), opened.read(kMaxPluginBytes));
  auto facts = inspect(opened.path(), image->bytes());
  facts.sha256 = sha256(image->bytes());
  for (auto& objection : opened.objections(trust)) facts.problems.push_back(std::move(objection));
  read_manifest(opened, trust, facts);
  return {std::move(image), std::move(facts)};
}

}  // namespace lateral::plugin
