#include "core/conformance/fault_handler.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "core/conformance/guarded_memory.hpp"
#include "core/plugin/worker/sandbox.hpp"

namespace lateral::conformance {
namespace {

constexpr std::size_t kStackBytes = 64U << 10U;
constexpr std::uintptr_t kNearStackEnd = 64U << 10U;

// A signal handler reaches nothing but statics.
std::atomic<Board*> the_board{nullptr};
std::atomic<std::uintptr_t> stack_end{0};

const char* access_of(const void* context) {
#if defined(__x86_64__)
  constexpr greg_t kWrite = 2;
  const auto* const registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  return (registers[REG_ERR] & kWrite) != 0 ? "wrote to" : "read";
#else
  (void)context;
  return "touched";
#endif
}

void handle(int number, siginfo_t* info, void* context) {
  std::array<char, 256> text{};
  std::array<char, 160> place{};
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto end = stack_end.load();
  if (number == SIGSEGV && at + kNearStackEnd > end && at < end + kNearStackEnd && end != 0) {
    std::snprintf(text.data(), text.size(), "stack overflow");
  } else if (number == SIGSEGV && GuardedMemory::describe(info->si_addr, place.data(), place.size())) {
    std::snprintf(text.data(), text.size(), "it %s %s", access_of(context), place.data());
  } else {
    std::snprintf(text.data(), text.size(), "%s at address %p", ::sigdescr_np(number), info->si_addr);
  }
  if (Board* const board = the_board.load()) board->note_fault(text.data());
  ::signal(number, SIG_DFL);  // returning runs into it again, and dies of it
}

/// The call that was stopped is the plugin's own and not the allocator's, so a name can be looked up.
void handle_forbidden(int number, siginfo_t* info, void*) {
  if (Board* const board = the_board.load())
    board->note_fault(plugin::worker::name_of_system_call(info->si_syscall).c_str());
  ::signal(number, SIG_DFL);
  ::raise(number);  // returning would go on behind the call
}

}  // namespace

void install_fault_handlers(Board& board) {
  the_board.store(&board);
  struct sigaction action {};
  action.sa_sigaction = &handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::sigaction(number, &action, nullptr);
}

void watch_forbidden_calls() noexcept {
  struct sigaction action {};
  action.sa_sigaction = &handle_forbidden;
  action.sa_flags = SA_SIGINFO | static_cast<int>(SA_NODEFER);
  ::sigaction(SIGSYS, &action, nullptr);
}

FaultStack::FaultStack() {
  memory_ = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t stack{};
  stack.ss_sp = memory_;
  stack.ss_size = kStackBytes;
  ::sigaltstack(&stack, nullptr);
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
    void* lowest = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &lowest, &size);
    ::pthread_attr_destroy(&attributes);
    stack_end.store(reinterpret_cast<std::uintptr_t>(lowest));
  }
}

FaultStack::~FaultStack() {
  stack_t off{};
  off.ss_flags = SS_DISABLE;
  ::sigaltstack(&off, nullptr);
  ::munmap(memory_, kStackBytes);
  stack_end.store(0);
}

}  // namespace lateral::conformance
