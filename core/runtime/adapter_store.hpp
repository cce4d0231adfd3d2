#pragma once
// The adapter file of a connection and the one before it, FILE.previous. Whoever is killed at any moment leaves
// FILE whole: the old one or the new one.

#include <filesystem>

#include "core/connector/adapter.hpp"

namespace lateral::runtime {

/// Whether there is such a file. Throws Io, with the reason, where that cannot be known.
bool is_there(const std::filesystem::path& file);

/// FILE.previous; of a link, beside what it leads to. Throws Io for links that lead in a circle.
std::filesystem::path previous_of(const std::filesystem::path& file);

/// Writes `next` to `file`. FILE.previous becomes `former`, the adapter that was in use and is on no disk yet; null: what
/// `file` held. When `next` or `former` cannot be written, `file` is as before; a link stays one. Throws Io, and what
/// save_adapter throws.
void save_keeping_previous(const std::filesystem::path& file, const connector::Adapter& next,
                           const connector::Adapter* former);

/// Exchanges FILE and FILE.previous. Throws Io, or NotFound when there is no FILE.previous.
void exchange_with_previous(const std::filesystem::path& file);

}  // namespace lateral::runtime
