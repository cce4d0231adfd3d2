#include "core/plugin/worker/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "core/base/error.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr int kFirst = 3;

[[noreturn]] void refused(const std::filesystem::path& program, int error) {
  fail(error == EAGAIN || error == ENOMEM ? Errc::ResourceExhausted : Errc::Io, "worker", "cannot start ",
       program.string(), ": ", std::strerror(error));
}

class Actions {
 public:
  explicit Actions(const std::filesystem::path& program) : program_(program) {
    require(::posix_spawn_file_actions_init(&actions_));
  }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }
  void open_for_reading(int descriptor, const char* file) {
    require(::posix_spawn_file_actions_addopen(&actions_, descriptor, file, O_RDONLY, 0));
  }
  void duplicate(int from, int to) { require(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  void close_from(int descriptor) {
    require(::posix_spawn_file_actions_addclosefrom_np(&actions_, descriptor));
  }

 private:
  void require(int error) const {  // there may be no memory for another one
    if (error != 0) refused(program_, error);
  }

  const std::filesystem::path& program_;
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

/// Duplicates with numbers above all targets, so that no dup2 overwrites a source that is still needed.
class HighCopies {
 public:
  explicit HighCopies(const std::vector<int>& descriptors) {
    const int above = kFirst + static_cast<int>(descriptors.size());
    for (const int descriptor : descriptors) {
      const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, above);
      if (copy < 0) {
        const int error = errno;
        release();
        fail(Errc::ResourceExhausted, "worker", "cannot pass a descriptor on: ", std::strerror(error));
      }
      copies_.push_back(copy);
    }
  }
  ~HighCopies() { release(); }
  HighCopies(const HighCopies&) = delete;
  HighCopies& operator=(const HighCopies&) = delete;

  int operator[](std::size_t i) const { return copies_[i]; }

 private:
  void release() noexcept {
    for (const int copy : copies_) ::close(copy);
  }
  std::vector<int> copies_;
};

}  // namespace

int spawn(const Spawn& what) {
  std::vector<int> sources = what.inherited;
  sources.push_back(what.output);
  const HighCopies copies(sources);
  Actions actions(what.program);
  actions.open_for_reading(STDIN_FILENO, "/dev/null");
  actions.duplicate(copies[what.inherited.size()], STDOUT_FILENO);
  actions.duplicate(copies[what.inherited.size()], STDERR_FILENO);
  for (std::size_t i = 0; i < what.inherited.size(); ++i)
    actions.duplicate(copies[i], kFirst + static_cast<int>(i));
  actions.close_from(kFirst + static_cast<int>(what.inherited.size()));

  std::string name = what.program.filename().string();
  std::vector<std::string> arguments = what.arguments;
  std::vector<char*> argv{name.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const Attributes attributes;
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, what.program.c_str(), actions.get(), attributes.get(), argv.data(), environ);
  if (error != 0) refused(what.program, error);
  return pid;
}

}  // namespace lateral::plugin::worker
