#include "core/plugin/verified_plugin.hpp"

#include <system_error>

#include "core/base/error.hpp"

namespace lateral::plugin {

VerifiedPlugin VerifiedPlugin::again() const {
  return {std::make_shared<const SealedImage>(facts.file.filename().string(), image->bytes()), facts};
}

VerifiedPlugin verify(const std::filesystem::path& file) {
  // Links are resolved once, so that weights are looked for beside the real file.
  std::error_code error;
  const auto real = std::filesystem::canonical(file, error);
  if (error) fail(Errc::NotFound, "plugin", file.string(), ": ", error.message());
  auto image = std::make_shared<const SealedImage>(real);
  auto facts = inspect(real, image->bytes());
  return {std::move(image), std::move(facts)};
}

}  // namespace lateral::plugin
