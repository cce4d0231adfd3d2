#pragma once
// Says on the board what a crash was, before the process dies of it.

#include "core/conformance/board.hpp"

namespace lateral::conformance {

/// Installs handlers for SIGSEGV, SIGBUS, SIGFPE and SIGILL in this process. `board` must outlive it. Once.
void install_fault_handlers(Board& board);
/// The same for calls that a sandbox forbids; the fault is the call's name. REQUIRES: in the sandbox.
void watch_forbidden_calls() noexcept;

/// Gives this thread a stack for those handlers, so that a stack overflow can be told. Lives on one thread.
class FaultStack {
 public:
  FaultStack();
  ~FaultStack();
  FaultStack(const FaultStack&) = delete;
  FaultStack& operator=(const FaultStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace lateral::conformance
