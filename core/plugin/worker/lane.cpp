#include "core/plugin/worker/lane.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kQuestionAt = kHeaderBytes;
constexpr std::size_t kAnswerAt = kQuestionAt + Lane::kMessageBytes;
constexpr std::size_t kArenaAt = kAnswerAt + Lane::kMessageBytes;
constexpr std::size_t kSpan = kArenaAt + Lane::kMaxArena;
static_assert(sizeof(LaneHeader) <= kHeaderBytes && kArenaAt % 4096 == 0);

[[noreturn]] void fail_with_errno(const char* action) {
  fail(Errc::ResourceExhausted, "worker", "cannot ", action, " shared memory: ", std::strerror(errno));
}

}  // namespace

Lane::Lane() : descriptor_(::memfd_create("lateral-lane", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (descriptor_ < 0) fail_with_errno("make");
  try {
    if (::ftruncate(descriptor_, kArenaAt) != 0) fail_with_errno("size");
    if (::fcntl(descriptor_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) != 0) fail_with_errno("seal");
    map();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

Lane::Lane(int inherited) : descriptor_(inherited) {
  map();
  // A plugin may fork and return twice: the child must not answer too, nor write into tensors that the host reads.
  if (::madvise(base_, kSpan, MADV_DONTFORK) != 0) fail_with_errno("keep for itself the");
  ::close(std::exchange(descriptor_, -1));
}

Lane::~Lane() {
  if (base_ != nullptr) ::munmap(base_, kSpan);
  if (descriptor_ >= 0) ::close(descriptor_);
}

Lane::Lane(Lane&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      base_(std::exchange(other.base_, nullptr)),
      arena_bytes_(other.arena_bytes_),
      asked_(other.asked_) {}

void Lane::map() {
  // Address space only: pages that the file does not have yet cost nothing, and nobody touches them.
  void* const at = ::mmap(nullptr, kSpan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (at == MAP_FAILED) fail_with_errno("map");
  base_ = static_cast<std::byte*>(at);
}

std::byte* Lane::arena() noexcept {
  return base_ + kArenaAt;
}

void Lane::grow(std::size_t arena_bytes) {
  if (arena_bytes <= arena_bytes_) return;
  if (arena_bytes > kMaxArena) {
    fail(Errc::ResourceExhausted, "worker", "the tensors of one call have ", arena_bytes,
         " bytes; a worker takes at most ", kMaxArena);
  }
  // Really allocated, so that a lack of memory is an error here and not a signal later.
  const int result = ::posix_fallocate(descriptor_, kArenaAt, static_cast<off_t>(arena_bytes));
  if (result != 0) {
    errno = result;
    fail_with_errno("grow");
  }
  arena_bytes_ = arena_bytes;
}

void Lane::ask(std::span<const std::byte> question) {
  if (question.size() > kMessageBytes) {
    fail(Errc::InvalidArgument, "worker", "a request of ", question.size(), " bytes; at most ", kMessageBytes,
         " are possible (large options belong in files)");
  }
  std::copy(question.begin(), question.end(), base_ + kQuestionAt);  // an empty one may have no place
  header().question_bytes.store(static_cast<std::uint32_t>(question.size()), std::memory_order_relaxed);
  header().cancel.store(0, std::memory_order_relaxed);
  header().question.store(++asked_, std::memory_order_release);
  wake(header().question);
}

bool Lane::answered(std::chrono::nanoseconds at_most) noexcept {
  const std::uint32_t seen = header().answer.load(std::memory_order_acquire);
  if (seen == asked_) return true;
  sleep_on(header().answer, seen, at_most);
  return header().answer.load(std::memory_order_acquire) == asked_;
}

std::span<const std::byte> Lane::answer() {
  const std::size_t bytes = header().answer_bytes.load(std::memory_order_relaxed);
  if (bytes > kMessageBytes) fail(Errc::PluginFault, "worker", "announces an answer of ", bytes, " bytes");
  return {base_ + kAnswerAt, bytes};
}

void Lane::disturb() noexcept {
  // Another number, for who looked just before it sleeps; but an answer that is there may not have been read yet.
  auto& answer = header().answer;
  if (answer.load(std::memory_order_acquire) != header().question.load(std::memory_order_acquire))
    answer.fetch_sub(1, std::memory_order_relaxed);
  wake(answer);
}

std::span<const std::byte> Lane::next_question() {
  std::uint32_t seen = asked_;
  while ((seen = header().question.load(std::memory_order_acquire)) == asked_)
    sleep_on(header().question, seen);
  asked_ = seen;
  const std::size_t bytes = header().question_bytes.load(std::memory_order_relaxed);
  return {base_ + kQuestionAt, std::min(bytes, kMessageBytes)};
}

void Lane::reply(std::span<const std::byte> answer) noexcept {
  std::copy(answer.begin(), answer.end(), base_ + kAnswerAt);
  header().answer_bytes.store(static_cast<std::uint32_t>(answer.size()), std::memory_order_relaxed);
  header().answer.store(asked_, std::memory_order_release);
  wake(header().answer);
}

}  // namespace lateral::plugin::worker
