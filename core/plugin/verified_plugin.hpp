#pragma once
// The stage between "discovered" and "loaded": a private copy of the file that nobody can change, and what it
// says about itself. None of its code has run. Loading begins here, from a path or from a copy kept earlier.

#include <filesystem>
#include <memory>

#include "core/plugin/inspection.hpp"
#include "core/plugin/sealed_image.hpp"
#include "core/plugin/trust.hpp"

namespace lateral::plugin {

/// Copies share one image. An image is mapped by at most one revision in a thread, ever: for an image that
/// stayed mapped, the loader would return the old library with its old state. Use again() to load once more.
struct VerifiedPlugin {
  std::shared_ptr<const SealedImage> image;
  PluginFacts facts;  ///< facts.file is the real file, all links resolved; weights lie beside it

  /// The same bytes in an image of their own. Throws ResourceExhausted or Io.
  VerifiedPlugin again() const;
};

/// Opens once, copies, seals, hashes, reads, judges: the file, its owner and permissions, its manifest. Throws
/// NotFound, Io, InvalidArgument (not a regular file), Corrupt, Unsupported (another machine, a program) or
/// ResourceExhausted; problems that only forbid loading are in the facts.
VerifiedPlugin verify(const std::filesystem::path& file, const Trust& trust = {});

}  // namespace lateral::plugin
