#pragma once
// The program's exit statuses. They are promises: scripts test them.
//
//   0    done
//   1    done, but not all is well: a command given to `run` failed, `data check` found problems; or a defect in lateral
//   2    usage: unknown command or option, missing or malformed argument
//   3    the request cannot work: wrong value, missing file or plugin, not supported
//   4    the data cannot be used: corrupt file; plugin or adapter of another version, model or token space
//   5    the state is wrong: do something else first (e.g. train an adapter)
//   6    the system refused: input/output, memory, a limit
//   7    a plugin broke its contract or failed
//   8    a deadline passed
//   130  interrupted

#include "core/base/error.hpp"

namespace lateral::host {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRequest = 3;
inline constexpr int kExitData = 4;
inline constexpr int kExitState = 5;
inline constexpr int kExitSystem = 6;
inline constexpr int kExitPlugin = 7;
inline constexpr int kExitDeadline = 8;
inline constexpr int kExitInterrupted = 130;  // 128 + SIGINT, as a shell reports it

constexpr int exit_status(Errc code) noexcept {
  switch (code) {
    case Errc::InvalidArgument:
    case Errc::NotFound:
    case Errc::Unsupported:
      return kExitRequest;
    case Errc::Corrupt:
    case Errc::AbiMismatch:
      return kExitData;
    case Errc::FailedPrecondition:
      return kExitState;
    case Errc::Io:
    case Errc::ResourceExhausted:
      return kExitSystem;
    case Errc::PluginFault:
      return kExitPlugin;
    case Errc::DeadlineExceeded:
      return kExitDeadline;
    case Errc::Cancelled:
      return kExitInterrupted;
    case Errc::Internal:
      return kExitFailed;
  }
  return kExitFailed;
}

}  // namespace lateral::host
