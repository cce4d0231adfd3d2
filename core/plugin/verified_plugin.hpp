#pragma once
// The stage between "discovered" and "loaded": a private copy of the file that nobody can change, and what it
// says about itself. None of its code has run. Loading begins here, from a path or from a copy kept earlier.

#include <filesystem>
#include <memory>

#include "core/plugin/inspection.hpp"
#include "core/plugin/sealed_image.hpp"

namespace lateral::plugin {

/// Copies share one image. An image is mapped by at most one revision in a thread, ever: for an image that
/// stayed mapped, the loader would return the old library with its old state. Use again() to load once more.
struct VerifiedPlugin {
  std::shared_ptr<const SealedImage> image;
  PluginFacts facts;  ///< facts.file is the real file, all links resolved; weights lie beside it

  /// The same bytes in an image of their own. Throws ResourceExhausted or Io.
  VerifiedPlugin again() const;
};

/// Resolves links, copies, seals, reads, judges. Throws NotFound, Io, Corrupt, Unsupported or
/// ResourceExhausted; problems that only forbid loading are in the facts.
VerifiedPlugin verify(const std::filesystem::path& file);

}  // namespace lateral::plugin
