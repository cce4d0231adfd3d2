#pragma once
// What a plugin must leave as it found it, although nothing keeps it from changing it: taken before its code runs,
// compared and put back afterwards. The floating-point mode and the signal mask belong to the thread, the rest to
// the process: if two plugins start at the same moment, a change may be put down to the wrong one.

#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <exception>
#include <ios>
#include <locale>
#include <new>
#include <string>
#include <vector>

#include "core/base/descriptor.hpp"

namespace lateral::plugin {

/// Lives on the thread that runs the plugin's code. Some hundred system calls: for loading, init and shutdown, not
/// for every encode.
class Census {
 public:
  Census();
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;

  /// What is not as it was, for a line of the log, e.g. "the working directory; restored". All of it is put back but
  /// the environment: others may be reading it.
  std::vector<std::string> restore() const;

 private:
  using Changes = std::vector<std::string>;
  void restore_thread(Changes& changes) const;
  void restore_handlers(Changes& changes) const;
  void restore_locale(Changes& changes) const;
  void restore_runtime(Changes& changes) const;
  void restore_folder(Changes& changes) const;
  void restore_umask(Changes& changes) const;
  void restore_limits(Changes& changes) const;
  void compare_environment(Changes& changes) const;

  std::uint64_t float_mode_;
  sigset_t mask_{};
  std::array<struct sigaction, 65> handlers_{};  // by signal, from 1
  std::string locale_;
  locale_t thread_locale_;
  // Of the C++ runtime, which plugins share with the host; the locale of C++ may have facets of the plugin's.
  std::locale cpp_locale_;
  std::terminate_handler terminate_handler_ = std::get_terminate();
  std::new_handler new_handler_ = std::get_new_handler();
  std::array<std::streambuf*, 4> stream_buffers_{};
  std::string folder_;
  Descriptor folder_descriptor_;
  mode_t umask_;
  std::array<rlimit, RLIM_NLIMITS> limits_{};
  std::vector<std::string> environment_;  // sorted
};

}  // namespace lateral::plugin
