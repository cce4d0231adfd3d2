#include "core/conformance/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"
#include "core/conformance/orphans.hpp"
#include "core/plugin/worker/tracees.hpp"

extern char** environ;  // NOLINT: POSIX has no header for it

namespace lateral::conformance {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kKeptOutput = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const noexcept { return fd_; }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

[[noreturn]] void cannot(const char* action, int error) {
  fail(Errc::Io, "check", "cannot ", action, ": ", std::strerror(error));
}

struct Pipe {
  Descriptor read;
  Descriptor write;
  std::string kept;

  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) cannot("make a pipe", errno);
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  /// Takes what is there; false at the end.
  bool drain() {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(read.get(), buffer.data(), buffer.size());
    if (n <= 0) return n < 0 && errno == EINTR;
    kept.append(buffer.data(),
                std::min(static_cast<std::size_t>(n), kKeptOutput - std::min(kKeptOutput, kept.size())));
    return true;
  }
};

/// This process's variables, with those of `heap`.
std::vector<std::string> environment_for(ChildHeap heap) {
  constexpr std::string_view kTunables = "GLIBC_TUNABLES=", kExact = "glibc.malloc.tcache_count=0";
  std::vector<std::string> variables;
  std::string tunables(kTunables);
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (heap == ChildHeap::Exact && text.substr(0, kTunables.size()) == kTunables) {
      tunables = std::string(text) + ":";
    } else {
      variables.emplace_back(text);
    }
  }
  if (heap == ChildHeap::Exact) variables.push_back(tunables + std::string(kExact));  // the last one counts
  return variables;
}

/// As exec wants them: ended by a null.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));  // NOLINT: the signature of exec
  result.push_back(nullptr);
  return result;
}

/// The attributes and file actions of posix_spawn, freed with the object.
class SpawnPlan {
 public:
  SpawnPlan(const Pipe& out, const Pipe& err, int board) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err.write.get(), STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, board, kBoardDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kBoardDescriptor + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) {
    const std::string name = program.string();
    auto argv = pointers(arguments);
    argv.insert(argv.begin(), const_cast<char*>(name.c_str()));  // NOLINT
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, name.c_str(), &actions_, &attributes_, argv.data(), pointers(environment).data());
    if (error != 0) cannot("start the child", error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// Reads both pipes until the child has ended (true) or the time is over (false).
bool watch(pid_t pid, Pipe& out, Pipe& err, Clock::time_point until) {
  const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (ended.get() < 0) cannot("watch the child", errno);
  std::array<pollfd, 3> watched{
      {{ended.get(), POLLIN, 0}, {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count()) + 1) < 0 && errno != EINTR) {
      cannot("watch the child", errno);
    }
    if (watched[1].revents != 0 && !out.drain()) watched[1].fd = -1;
    if (watched[2].revents != 0 && !err.drain()) watched[2].fd = -1;
    if (watched[0].revents != 0) return true;
  }
}

/// What is still in a pipe whose writers are all dead.
void drain_rest(Pipe& pipe) {
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  while (pipe.kept.size() < kKeptOutput && pipe.drain()) {
  }
}

/// The leader is reaped last: until then nobody else can get the group's number.
ChildOutcome reap(pid_t pid, bool in_time) {
  siginfo_t info{};
  if (in_time) ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);  // it may have left its group
  plugin::worker::release_tracees(pid);
  int status = 0;  // of a stop, if it is traced, before that of the end
  do {
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  } while (WIFSTOPPED(status));
  using End = ChildOutcome::End;
  ChildOutcome outcome;
  if (!in_time) {
    outcome.end = End::TimedOut;
  } else if (WIFSIGNALED(status)) {
    outcome.end = End::Signalled;
    outcome.number = WTERMSIG(status);
  } else {
    outcome.number = WEXITSTATUS(status);
  }
  return outcome;
}

}  // namespace

ChildOutcome run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                       const Board& board, std::chrono::milliseconds limit, ChildHeap heap) {
  Pipe out;
  Pipe err;
  const auto begin = Clock::now();
  const auto others = child_processes();
  adopt_orphans();
  const pid_t pid = SpawnPlan(out, err, board.descriptor()).start(program, arguments, environment_for(heap));
  out.write.close();
  err.write.close();
  const bool in_time = watch(pid, out, err, begin + limit);
  ChildOutcome outcome = reap(pid, in_time);
  end_children_except(others);
  drain_rest(out);
  drain_rest(err);
  outcome.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  outcome.finished = board.finished();
  outcome.output = std::move(out.kept);
  outcome.errors = std::move(err.kept);
  return outcome;
}

std::string describe_end(const ChildOutcome& outcome, const Board& board) {
  const std::string phase = board.phase();
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.1f s", outcome.seconds);
  switch (outcome.end) {
    case ChildOutcome::End::TimedOut:
      return "was still in " + phase + " after " + seconds.data() +
             "; its process was killed (--timeout T grants more)";
    case ChildOutcome::End::Signalled: {
      const std::string fault = board.fault();
      if (outcome.number == SIGSYS && !fault.empty())
        return "did in " + phase + " what a sandbox forbids: " + fault;
      const char* const name = ::sigdescr_np(outcome.number);
      return "crashed in " + phase + ": " +
             (fault.empty() ? (name != nullptr ? name : "signal " + std::to_string(outcome.number)) : fault);
    }
    case ChildOutcome::End::Exited:
      break;
  }
  return "ended the whole process in " + phase + " (exit status " + std::to_string(outcome.number) + ")";
}

}  // namespace lateral::conformance
