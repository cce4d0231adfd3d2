#include "core/conformance/census.hpp"

#include <link.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <clocale>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "core/conformance/libtorch.hpp"
#include "core/conformance/orphans.hpp"
#include "core/conformance/subject.hpp"

extern char** environ;  // NOLINT: POSIX has no header for it

namespace lateral::conformance {
namespace {

namespace fs = std::filesystem;

/// The value of a line of /proc/thread-self/status.
std::string status_of(const std::string& key) {
  std::ifstream status("/proc/thread-self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return line.substr(line.find_first_not_of(" \t", key.size() + 1));
  }
  return {};
}

std::vector<std::string> environment() {
  std::vector<std::string> result;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    result.emplace_back(*variable);
  return result;
}

std::map<int, std::string> open_descriptors() {
  std::map<int, std::string> result;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = fs::read_symlink(entry.path(), error);
    if (error || target.string().find("/fd") != std::string::npos) continue;  // the folder being read
    result[std::stoi(entry.path().filename())] = target.string();
  }
  return result;
}

std::string resource_limits() {
  std::ifstream limits("/proc/self/limits");
  return {std::istreambuf_iterator<char>(limits), {}};
}

std::size_t count_timers() {
  std::size_t count = 0;
  for (const auto which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval value{};
    ::getitimer(which, &value);
    if (value.it_value.tv_sec != 0 || value.it_value.tv_usec != 0) ++count;
  }
  std::ifstream timers("/proc/self/timers");
  for (std::string line; std::getline(timers, line);) count += line.starts_with("ID:") ? 1 : 0;
  return count;
}

std::string scheduling() {
  return "policy " + std::to_string(::sched_getscheduler(0)) + ", nice value " +
         std::to_string(::getpriority(PRIO_PROCESS, 0));
}

/// A plugin is loaded from memory, by a name in /proc; whether it stays is another test's matter.
std::set<std::string> loaded_libraries() {
  std::set<std::string> names;
  ::dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* into) {
        const std::string name = library->dlpi_name;
        if (!name.starts_with("/proc/")) static_cast<std::set<std::string>*>(into)->insert(name);
        return 0;
      },
      &names);
  return names;
}

/// The lowest free key: a key that was left makes it another.
unsigned lowest_free_key() {
  pthread_key_t key = 0;
  if (::pthread_key_create(&key, nullptr) != 0) return UINT_MAX;
  ::pthread_key_delete(key);
  return key;
}

}  // namespace

Manners take_manners() {
  Manners manners;
  manners.locale = std::setlocale(LC_ALL, nullptr);
  std::error_code error;
  manners.folder = fs::current_path(error).string();
  manners.umask = status_of("Umask");
  manners.limits = resource_limits();
  manners.variables = environment();
  manners.handlers.fill(0);
  for (int number = 1; number < 65; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    manners.handlers[static_cast<std::size_t>(number)] = reinterpret_cast<std::uintptr_t>(action.sa_handler);
  }
  manners.signal_mask = status_of("SigBlk");
  manners.affinity = status_of("Cpus_allowed_list");
  manners.scheduling = scheduling();
  manners.libtorch = libtorch_settings();
  manners.stream_buffers = {std::cin.rdbuf(), std::cout.rdbuf(), std::cerr.rdbuf(), std::clog.rdbuf()};
  return manners;
}

Belongings take_belongings() {
  return {open_descriptors(), thread_count(),    child_processes().size(),
          count_timers(),     lowest_free_key(), loaded_libraries()};
}

std::vector<Difference> compare(const Manners& before, const Manners& after) {
  std::vector<Difference> result;
  const auto same = [&](const auto& was, const auto& is, std::string_view test, const std::string& what) {
    if (was != is) result.push_back({test, what});
  };
  same(before.locale, after.locale, "environment.locale", "the locale became " + after.locale);
  same(before.cpp_locale, after.cpp_locale, "environment.locale", "the global std::locale is another");
  same(before.terminate_handler, after.terminate_handler, "environment.signals",
       "the handler of std::terminate changed");
  same(before.new_handler, after.new_handler, "environment.signals", "the handler of operator new changed");
  same(before.stream_buffers, after.stream_buffers, "environment.output",
       "a standard stream of C++ has another buffer");
  same(before.folder, after.folder, "environment.folder", "the working directory became " + after.folder);
  same(before.umask, after.umask, "environment.umask", "the umask became " + after.umask);
  same(before.limits, after.limits, "environment.limits", "a resource limit changed");
  same(before.variables, after.variables, "environment.variables", "the environment variables changed");
  for (std::size_t number = 1; number < before.handlers.size(); ++number) {
    const char* const name = ::sigdescr_np(static_cast<int>(number));
    same(before.handlers[number], after.handlers[number], "environment.signals",
         "the handler of signal " + std::to_string(number) +
             (name != nullptr ? std::string(" (") + name + ")" : "") + " changed");
  }
  same(before.signal_mask, after.signal_mask, "environment.mask",
       "the calling thread's signal mask became " + after.signal_mask);
  same(before.affinity, after.affinity, "environment.affinity",
       "the calling thread may run only on " + after.affinity);
  same(before.scheduling, after.scheduling, "environment.priority",
       "the calling thread's scheduling became " + after.scheduling);
  for (const auto& [name, was] : before.libtorch) {
    const auto found = after.libtorch.find(name);
    const std::string is = found == after.libtorch.end() ? was : found->second;
    same(was, is, "environment.libtorch", "libtorch's " + name + " was " + was + " and is " + is);
  }
  return result;
}

std::vector<Difference> compare(const Belongings& before, const Belongings& after) {
  std::vector<Difference> result;
  for (const auto& [fd, target] : after.descriptors) {
    const auto found = before.descriptors.find(fd);
    if (found == before.descriptors.end() || found->second != target) {
      result.push_back(
          {"environment.descriptors", "descriptor " + std::to_string(fd) + " is left, to " + target});
      break;
    }
  }
  for (const auto& [fd, target] : before.descriptors) {
    if (!after.descriptors.contains(fd)) {
      result.push_back({"environment.descriptors",
                        "descriptor " + std::to_string(fd) + ", which was not its own, is closed"});
      break;
    }
  }
  const auto more = [&](std::size_t was, std::size_t is, std::string_view test, const char* what) {
    if (is > was) result.push_back({test, std::to_string(is - was) + " " + what});
  };
  more(before.threads, after.threads, "environment.threads", "threads are left");
  more(before.children, after.children, "environment.children", "child processes are left");
  more(before.timers, after.timers, "environment.timers", "timers are left");
  more(before.next_thread_key, after.next_thread_key, "environment.keys", "thread keys are left");
  for (const auto& name : after.libraries) {
    if (!before.libraries.contains(name))
      result.push_back({"environment.libraries", "the library " + name + " is left"});
  }
  return result;
}

}  // namespace lateral::conformance
