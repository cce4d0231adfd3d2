#pragma once
// Memory that host and worker share: one question and its answer at a time, and an arena for the tensors that
// go with them. The host makes and grows it; the worker can do neither, nor shrink it, so that touching it
// never raises SIGBUS in the host. Everything in it may change at any time: copy first, then look.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/plugin/worker/futex.hpp"

namespace lateral::plugin::worker {

/// What every lane begins with.
struct LaneHeader {
  Word question;  ///< number of the last question; the host adds one
  Word answer;    ///< number of the question that is answered; the worker sets it
  Word question_bytes;
  Word answer_bytes;
  Word cancel;     ///< cancel word of the running encode
  Word forbidden;  ///< first lane: number + 1 of the system call that the sandbox stopped
};

class Lane {
 public:
  static constexpr std::size_t kMessageBytes = std::size_t{256} << 10U;
  static constexpr std::size_t kMaxArena = std::size_t{4} << 30U;

  /// A new one, on the host's side. Throws ResourceExhausted.
  Lane();
  /// That of a descriptor which the worker inherited. Maps all that it can ever become and closes the
  /// descriptor, without which nobody can change its size. Throws Io.
  explicit Lane(int inherited);
  ~Lane();
  Lane(Lane&& other) noexcept;
  Lane& operator=(Lane&&) = delete;

  LaneHeader& header() noexcept { return *reinterpret_cast<LaneHeader*>(base_); }
  std::byte* arena() noexcept;

  // The host's side.
  int descriptor() const noexcept { return descriptor_; }
  std::size_t arena_bytes() const noexcept { return arena_bytes_; }
  /// Makes the arena at least so large; what is in it stays. Throws ResourceExhausted.
  void grow(std::size_t arena_bytes);
  /// Throws InvalidArgument when it is too long.
  void ask(std::span<const std::byte> question);
  /// True once the last question is answered; sleeps at most so long.
  bool answered(std::chrono::nanoseconds at_most) noexcept;
  /// The answer where it lies, still shared: Reader copies it. Throws PluginFault when its length cannot be.
  std::span<const std::byte> answer();
  /// Wakes whoever sleeps in answered(), from any thread. An answer that was given stays given.
  void disturb() noexcept;

  // The worker's side.
  /// Sleeps until there is a question, and gives it where it lies.
  std::span<const std::byte> next_question();
  void reply(std::span<const std::byte> answer) noexcept;

 private:
  void map();

  int descriptor_ = -1;
  std::byte* base_ = nullptr;
  std::size_t arena_bytes_ = 0;
  std::uint32_t asked_ = 0;  ///< ours; the one in the memory may lie
};

}  // namespace lateral::plugin::worker
