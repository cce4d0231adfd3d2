#pragma once
// How a plugin enters libtorch: everything that computes runs inside computing().

#include <c10/core/InferenceMode.h>

#include <lateral/sdk/encoder.hpp>

#include <utility>

namespace lateral::plugins {

/// Lets the calling thread compute with the number of threads that the host has fixed. Plugins never call
/// at::set_num_threads: in a thread of the host it is the host's, and it decides the last bits of its answers.
void enter_thread();

/// Inside a catch: throws what was caught as sdk::Error, with the status that fits and no stack trace in its text.
[[noreturn]] void rethrow_for_host();

/// Runs `body` without gradients on the host's number of threads. Whatever it throws (sdk::Error, lateral::Error of the
/// readers in core/format, c10::Error) leaves as sdk::Error.
template <typename Body>
auto computing(Body&& body) {
  try {
    enter_thread();
    const c10::InferenceMode inference;
    return std::forward<Body>(body)();
  } catch (...) {
    rethrow_for_host();
  }
}

/// An encoder whose work is done inside computing().
class TorchEncoder : public sdk::Encoder {
 public:
  void encode(const sdk::Inputs& in, sdk::Outputs& out) final {
    computing([&] { run(in, out); });
  }

 private:
  virtual void run(const sdk::Inputs& in, sdk::Outputs& out) = 0;
};

}  // namespace lateral::plugins
