#pragma once
// Sleeping on a word of memory that two processes share.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace lateral::plugin::worker {

using Word = std::atomic<std::uint32_t>;
static_assert(sizeof(Word) == 4 && Word::is_always_lock_free);

/// Returns when woken, when the word is not `seen` any more, after `at_most`, or for no reason.
void sleep_on(Word& word, std::uint32_t seen, std::chrono::nanoseconds at_most) noexcept;
/// The same without a limit.
void sleep_on(Word& word, std::uint32_t seen) noexcept;

/// Wakes all sleepers.
void wake(Word& word) noexcept;

}  // namespace lateral::plugin::worker
