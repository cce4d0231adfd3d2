#pragma once
// Damage for replay.cpp: what libFuzzer does without its knowledge of coverage. Round n of the same inputs is always
// the same bytes, so that a round's number is enough to see a failure again.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lateral::fuzz {

using Bytes = std::vector<std::byte>;

/// One of `inputs` (not empty) with one to eight changes, at most `max_size` bytes.
Bytes mutated(std::span<const Bytes> inputs, std::uint64_t round, std::size_t max_size);

}  // namespace lateral::fuzz
