#pragma once
// What a worker may use, set by itself before any code of the plugin runs.

#include <cstdint>

namespace lateral::plugin::worker {

/// Dies with the host's thread that started it, and at once if that is gone already. The first to be chosen
/// when memory runs out. No core files.
void tie_to_parent(int parent) noexcept;

/// How many threads a tensor operation of OpenMP or MKL uses, whatever the machine has. Read by those libraries when they
/// are mapped.
void limit_compute_threads(unsigned count);

/// Bytes of private data besides what the process has already; under a sanitizer, whose shadow is data too, nothing is limited. In a sandbox also
/// address space, descriptors and threads.
void limit_resources(std::uint64_t memory, bool sandbox);

}  // namespace lateral::plugin::worker
