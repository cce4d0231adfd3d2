#pragma once
// Which threads of this process plugin code started, whatever they call themselves. Names are inherited too, but many
// libraries name their threads, and the kernel tells of no thread who started it. So programs that link this have a
// pthread_create of their own, which the loader finds before the C library's: whoever a member starts is a member.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace lateral::plugin {

/// The threads that one loaded copy started. It must outlive them: who cannot wait for their end keeps it for good.
/// Thread safety: all members may be called from any thread. With a sanitizer, which needs pthread_create for itself,
/// it knows no member.
class ThreadFamily {
 public:
  ThreadFamily() = default;
  ThreadFamily(const ThreadFamily&) = delete;
  ThreadFamily& operator=(const ThreadFamily&) = delete;

  /// From now on whoever the calling thread starts is a member; it itself is not.
  void lead();
  /// Members that have not quite ended: one whose thread-local destructors run is counted.
  std::size_t living();

  /// Of pthread_create: one is about to start, did not start, has started and is the calling thread.
  void expect();
  void give_up_expected();
  void enter();

 private:
  std::mutex mutex_;
  std::size_t expected_ = 0;
  std::map<pid_t, std::uint64_t> members_;  // when each began, because numbers are used again
  void forget_ended();
};

}  // namespace lateral::plugin
