#include "core/plugin/census.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "core/plugin/float_mode.hpp"

namespace lateral::plugin {
namespace {

constexpr std::string_view kRestored = "; restored";

std::string text_of(const char* text) {
  return text == nullptr ? "" : text;
}

std::string working_folder() {
  std::array<char, PATH_MAX> buffer{};
  return text_of(::getcwd(buffer.data(), buffer.size()));
}

/// Asking the kernel by umask() would change it for a moment, under the feet of other threads.
mode_t current_umask() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "Umask:") continue;
    unsigned mask = 0;
    status >> std::oct >> mask;
    return static_cast<mode_t>(mask);
  }
  return 0;
}

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

sigset_t thread_mask() {
  sigset_t mask;
  sigemptyset(&mask);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

bool same(const sigset_t& a, const sigset_t& b) {
  for (int signal = 1; signal <= 64; ++signal) {
    if (sigismember(&a, signal) != sigismember(&b, signal)) return false;
  }
  return true;
}

/// The kernel knows one field for both kinds of handler. The flag is glibc's own, set wherever a handler was ever put
/// back.
bool same(const struct sigaction& a, const struct sigaction& b) {
  constexpr int kRestorer = 0x04000000;
  return a.sa_handler == b.sa_handler && ((a.sa_flags ^ b.sa_flags) & ~kRestorer) == 0 &&
         same(a.sa_mask, b.sa_mask);
}

/// They flush into their buffers at the end of the process, whose ever these are.
std::array<std::ios*, 4> standard_streams() {
  return {&std::cin, &std::cout, &std::cerr, &std::clog};
}

rlimit limit_of(std::size_t resource) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit;
}

std::string name_of_signal(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace

Census::Census()
    : float_mode_(plugin::float_mode()),
      mask_(thread_mask()),
      locale_(text_of(std::setlocale(LC_ALL, nullptr))),
      thread_locale_(::uselocale(nullptr)),
      folder_(working_folder()),
      folder_descriptor_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      umask_(current_umask()),
      environment_(environment()) {
  for (int signal = 1; signal <= 64; ++signal) {
    ::sigaction(signal, nullptr, &handlers_[static_cast<std::size_t>(signal)]);
  }
  for (std::size_t i = 0; i < limits_.size(); ++i) limits_[i] = limit_of(i);
  for (std::size_t i = 0; i < stream_buffers_.size(); ++i)
    stream_buffers_[i] = standard_streams()[i]->rdbuf();
}

std::vector<std::string> Census::restore() const {
  Changes changes;
  restore_thread(changes);
  restore_handlers(changes);
  restore_locale(changes);
  restore_runtime(changes);
  restore_folder(changes);
  restore_umask(changes);
  restore_limits(changes);
  compare_environment(changes);
  return changes;
}

void Census::restore_thread(Changes& changes) const {
  if (plugin::float_mode() != float_mode_) {
    set_float_mode(float_mode_);
    changes.push_back("the floating-point mode" + std::string(kRestored));
  }
  if (!same(thread_mask(), mask_)) {
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    changes.push_back("the signal mask" + std::string(kRestored));
  }
}

void Census::restore_handlers(Changes& changes) const {
  for (int signal = 1; signal <= 64; ++signal) {
    const auto& before = handlers_[static_cast<std::size_t>(signal)];
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0 || same(before, now)) continue;
    const bool restored = ::sigaction(signal, &before, nullptr) == 0;
    changes.push_back("the handler of " + name_of_signal(signal) + (restored ? "; restored" : ""));
  }
}

void Census::restore_locale(Changes& changes) const {
  if (text_of(std::setlocale(LC_ALL, nullptr)) != locale_) {
    std::setlocale(LC_ALL, locale_.c_str());
    changes.push_back("the locale" + std::string(kRestored));
  }
  if (::uselocale(nullptr) != thread_locale_) {
    ::uselocale(thread_locale_);
    changes.push_back("the thread's locale" + std::string(kRestored));
  }
}

void Census::restore_runtime(Changes& changes) const {
  const auto note = [&](const char* what) { changes.push_back(what + std::string(kRestored)); };
  if (std::locale() != cpp_locale_) {
    std::locale::global(cpp_locale_);
    std::setlocale(LC_ALL, locale_.c_str());  // the line before may have changed it
    note("the C++ locale");
  }
  if (std::get_terminate() != terminate_handler_) {
    std::set_terminate(terminate_handler_);
    note("the handler of std::terminate");
  }
  if (std::get_new_handler() != new_handler_) {
    std::set_new_handler(new_handler_);
    note("the handler of operator new");
  }
  for (std::size_t i = 0; i < stream_buffers_.size(); ++i) {
    if (standard_streams()[i]->rdbuf() == stream_buffers_[i]) continue;
    standard_streams()[i]->rdbuf(stream_buffers_[i]);
    note("the buffer of a standard stream");
  }
}

void Census::restore_folder(Changes& changes) const {
  if (working_folder() == folder_) return;
  const bool restored = folder_descriptor_.get() >= 0 && ::fchdir(folder_descriptor_.get()) == 0;
  changes.push_back("the working directory" + std::string(restored ? kRestored : ""));
}

void Census::restore_umask(Changes& changes) const {
  if (current_umask() == umask_) return;
  ::umask(umask_);
  changes.push_back("the umask" + std::string(kRestored));
}

void Census::restore_limits(Changes& changes) const {
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    const rlimit now = limit_of(i);
    if (now.rlim_cur == limits_[i].rlim_cur && now.rlim_max == limits_[i].rlim_max) continue;
    // A lowered hard limit is gone for good, unless the process is privileged.
    const bool restored = ::setrlimit(static_cast<__rlimit_resource>(i), &limits_[i]) == 0;
    changes.push_back("resource limit " + std::to_string(i) + std::string(restored ? kRestored : ""));
  }
}

void Census::compare_environment(Changes& changes) const {
  const auto now = environment();
  std::vector<std::string> differing;
  std::set_symmetric_difference(now.begin(), now.end(), environment_.begin(), environment_.end(),
                                std::back_inserter(differing));
  std::set<std::string> names;
  for (const auto& variable : differing) names.insert(variable.substr(0, variable.find('=')));
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  if (!names.empty()) changes.push_back("the environment (" + list + ")");
}

}  // namespace lateral::plugin
