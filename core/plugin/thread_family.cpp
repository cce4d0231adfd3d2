#include "core/plugin/thread_family.hpp"

#include <dlfcn.h>
#include <lateral/plugin.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <new>
#include <sstream>
#include <string>

namespace lateral::plugin {
namespace {

// A plain pointer: thread-local destructors of the plugin may start threads after ours have run.
thread_local ThreadFamily* family_of_this_thread = nullptr;

/// In ticks since the system began; 0 = there is no such thread.
std::uint64_t begin_of(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto end_of_name = text.rfind(')');
  if (end_of_name == text.npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  std::uint64_t begin = 0;
  fields >> begin;
  return begin;
}

}  // namespace

void ThreadFamily::lead() {
  family_of_this_thread = this;
}

void ThreadFamily::expect() {
  const std::lock_guard lock(mutex_);
  ++expected_;
}

void ThreadFamily::give_up_expected() {
  const std::lock_guard lock(mutex_);
  --expected_;
}

void ThreadFamily::enter() {
  family_of_this_thread = this;
  const std::lock_guard lock(mutex_);
  forget_ended();
  members_[::gettid()] = begin_of(::gettid());
  --expected_;
}

std::size_t ThreadFamily::living() {
  const std::lock_guard lock(mutex_);
  forget_ended();
  return expected_ + members_.size();
}

void ThreadFamily::forget_ended() {
  std::erase_if(members_, [](const auto& member) { return begin_of(member.first) != member.second; });
}

}  // namespace lateral::plugin

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {

using lateral::plugin::ThreadFamily;

struct Launch {
  ThreadFamily* family;
  void* (*start)(void*);
  void* argument;
};

void* launched(void* given) {
  const Launch launch = *static_cast<Launch*>(given);
  delete static_cast<Launch*>(given);
  launch.family->enter();
  return launch.start(launch.argument);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attributes,
                                                                     void* (*start)(void*),
                                                                     void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  ThreadFamily* const family = lateral::plugin::family_of_this_thread;
  if (family == nullptr) return create(thread, attributes, start, argument);
  auto* const launch = new (std::nothrow) Launch{family, start, argument};
  if (launch == nullptr) return EAGAIN;
  family->expect();
  const int error = create(thread, attributes, &launched, launch);
  if (error == 0) return 0;
  family->give_up_expected();
  delete launch;
  return error;
}
#endif
