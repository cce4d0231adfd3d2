#include "core/plugin/worker/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/worker/line_log.hpp"
#include "core/plugin/worker/relatives.hpp"
#include "core/plugin/worker/sandbox.hpp"
#include "core/plugin/worker/spawn.hpp"
#include "core/plugin/worker/tracees.hpp"

namespace lateral::plugin::worker {
namespace {

int pidfd_open(int pid) noexcept {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// What is in the pipe now. A child of the plugin may hold its other end open for ever.
void read_available(int output, LineLog& log) {
  std::array<char, 4096> buffer;
  for (int rounds = 0; rounds < 16; ++rounds) {
    const ssize_t n = ::read(output, buffer.data(), buffer.size());
    if (n <= 0) return;
    log.take({buffer.data(), static_cast<std::size_t>(n)});
  }
}

/// Until it has ended, which whoever traces it can hold up. It stays a zombie: while it is one its number, which is also
/// its group's, is not reused.
siginfo_t wait_for_end(int pid, const std::filesystem::path& program) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
         info.si_pid == 0) {
    kill_tracer(pid, program);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return info;
}

}  // namespace

std::filesystem::path worker_program() {
  if (const char* const named = std::getenv("LATERAL_WORKER")) return named;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto worker = program.parent_path() / "lateral-worker";
  if (error || !std::filesystem::exists(worker, error)) {
    fail(Errc::NotFound, "worker", worker.string(),
         " is not there; install it beside the program, or name it in "
         "LATERAL_WORKER");
  }
  return worker;
}

WorkerProcess::WorkerProcess(std::shared_ptr<const SealedImage> image, std::string name, std::size_t lanes)
    : image_(std::move(image)), name_(std::move(name)), lanes_(lanes) {
  supervisor_ = std::thread([this] { live(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_; });
  if (!failure_) return;
  lock.unlock();
  supervisor_.join();
  std::rethrow_exception(failure_);
}

WorkerProcess::~WorkerProcess() {
  kill();
  supervisor_.join();
}

void WorkerProcess::live() {
  try {
    start();
  } catch (...) {
    failure_ = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
  }
  changed_.notify_all();
  if (failure_) return;
  listen(output_);
  reap();
}

void WorkerProcess::start() {
  program_ = worker_program();
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    fail(Errc::ResourceExhausted, "worker", "cannot make a pipe: ", std::strerror(errno));
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  std::vector<int> inherited{image_->descriptor()};
  for (const auto& lane : lanes_) inherited.push_back(lane.descriptor());
  try {
    pid_ = spawn({program_,
                  {std::to_string(::getpid()), "3", "4", std::to_string(lanes_.size())},
                  pipe[1],
                  std::move(inherited)});
  } catch (...) {
    ::close(pipe[0]);
    ::close(pipe[1]);
    throw;
  }
  ::close(pipe[1]);
  output_ = pipe[0];
  pidfd_ = pidfd_open(pid_);  // nobody else reaps it, so the number is still its own
  if (pidfd_ >= 0) return;
  const int error = errno;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::close(output_);
  fail(Errc::Io, "worker", "cannot watch a process (pidfd_open): ", std::strerror(error));
}

void WorkerProcess::listen(int output) {
  LineLog log(name_);
  std::array<pollfd, 2> watched{{{pidfd_, POLLIN, 0}, {output, POLLIN, 0}}};
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
    if (watched[1].revents != 0) read_available(output, log);
    if ((watched[1].revents & (POLLHUP | POLLERR)) != 0) watched[1].fd = -1;
    if (watched[0].revents != 0) break;
  }
  read_available(output, log);
}

void WorkerProcess::reap() {
  siginfo_t info = wait_for_end(pid_, program_);
  ::kill(-pid_, SIGKILL);
  reap_group(pid_);
  std::string cause = describe(info.si_code, info.si_status);
  {
    const std::lock_guard lock(mutex_);
    cause_ = std::move(cause);
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
    }
    gone_.store(true, std::memory_order_release);
    ::close(std::exchange(pidfd_, -1));
  }
  ::close(output_);
  changed_.notify_all();
  for (auto& lane : lanes_) lane.disturb();
}

std::string WorkerProcess::describe(int code, int status) {
  if (code == CLD_EXITED) return "ended itself with exit status " + std::to_string(status);
  if (code != CLD_KILLED && code != CLD_DUMPED) return "ended for an unknown reason";
  if (killed_) return "was killed by the host";
  const std::uint32_t forbidden = lanes_.front().header().forbidden.load(std::memory_order_relaxed);
  if (status == SIGSYS && forbidden != 0)
    return "did what the sandbox forbids: " + name_of_system_call(static_cast<int>(forbidden - 1));
  if (status == SIGKILL) return "was killed with SIGKILL, by someone or for lack of memory";
  const char* const name = ::sigabbrev_np(status);
  return "crashed with " + (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(status));
}

bool WorkerProcess::wait_until_gone(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return gone(); });
}

std::string WorkerProcess::cause() const {
  const std::lock_guard lock(mutex_);
  return cause_;
}

void WorkerProcess::kill() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (gone()) return;
    killed_ = true;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // it may have left its group
  }
  release_tracees(pid_);
}

}  // namespace lateral::plugin::worker
