#pragma once
// What of a process a plugin could change or leave behind.

#include <sched.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <exception>
#include <ios>
#include <locale>
#include <map>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace lateral::conformance {

/// What must never change, not even for the time of a call.
struct Manners {
  std::string locale;
  std::string folder;
  std::string umask;
  std::string limits;                           ///< of resources
  std::vector<std::string> variables;           ///< of the environment
  std::array<std::uintptr_t, 65> handlers;      ///< of each signal
  std::string signal_mask;                      ///< of the calling thread
  std::string affinity;                         ///< of the calling thread
  std::string scheduling;                       ///< of the calling thread: policy and nice value
  std::map<std::string, std::string> libtorch;  ///< libtorch_settings()
  // Of the C++ runtime, where the plugin shares it.
  std::locale cpp_locale;
  std::terminate_handler terminate_handler = std::get_terminate();
  std::new_handler new_handler = std::get_new_handler();
  std::array<std::streambuf*, 4> stream_buffers;
};

/// What may grow while a plugin lives, and must be given back.
struct Belongings {
  std::map<int, std::string> descriptors;  ///< what each leads to
  std::size_t threads = 0;
  std::size_t children = 0;
  std::size_t timers = 0;
  unsigned next_thread_key = 0;       ///< the number that pthread_key_create would give
  std::set<std::string> libraries{};  ///< that are loaded, but for plugins
};

Manners take_manners();
Belongings take_belongings();

/// One difference: the test it belongs to, and what changed.
struct Difference {
  std::string_view test;
  std::string what;
};
std::vector<Difference> compare(const Manners& before, const Manners& after);
std::vector<Difference> compare(const Belongings& before, const Belongings& after);

}  // namespace lateral::conformance
