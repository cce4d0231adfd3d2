// What a worker inherits of its host, what it may use, what it prints, and what its sandbox forbids.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>

#include "core/plugin/worker/line_log.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using plugin::PluginHost;
using test::failure_of;

namespace {

struct Deadly {
  explicit Deadly(const std::string& deed, bool sandbox) : host({}, test::short_timeouts()) {
    plugin::WorkerOptions worker{.sandbox = sandbox};
    worker.memory_limit = std::uint64_t{512} << 20U;
    host.load(test::fixture("deadly").string(), test::in_worker({{"deed", deed}}, worker));
    encoder = host.make_encoder("deadly");
  }
  std::string proc(const std::string& file) {
    const auto pid = static_cast<int>(encoder->encode(test::bytes_input("good")).tokens.row(0)[0]);
    return "/proc/" + std::to_string(pid) + "/" + file;
  }
  /// What its deed ends with; empty = it was done.
  std::string failure() {
    try {
      encoder->encode(test::bytes_input("x"));
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }
  bool lacks() { return host.revision("deadly")->isolation_note().find("lacks") != std::string::npos; }

  PluginHost host;
  std::unique_ptr<plugin::Encoder> encoder;
};

/// The first word behind `name` in a file of /proc.
std::string value_in(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line, word; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream(line.substr(name.size())) >> word;
    return word;
  }
  return "nothing";
}

/// A host that leaves much to inherit: descriptors, a mask, an ignored signal, core files.
struct Untidy {
  Untidy() {
    for (int& copy : descriptors) copy = ::fcntl(STDIN_FILENO, F_DUPFD, 3);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    handler = std::signal(SIGUSR2, SIG_IGN);
    ::getrlimit(RLIMIT_CORE, &core);
    const rlimit all{core.rlim_max, core.rlim_max};
    ::setrlimit(RLIMIT_CORE, &all);
  }
  ~Untidy() {
    for (const int copy : descriptors) ::close(copy);
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    std::signal(SIGUSR2, handler);
    ::setrlimit(RLIMIT_CORE, &core);
  }
  std::array<int, 20> descriptors{};
  sigset_t mask{};
  void (*handler)(int) = nullptr;
  rlimit core{};
};

struct Call {
  long number;
  const char* name;
};

/// What LineLog writes of `pieces`, which go to standard error.
std::string logged(const std::vector<std::string>& pieces) {
  const test::TemporaryFolder folder;
  const int kept = ::dup(STDERR_FILENO);
  const int file = ::open((folder / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ::dup2(file, STDERR_FILENO);
  {
    plugin::worker::LineLog log("eye");
    for (const auto& piece : pieces) log.take(piece);
  }
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::close(file);
  std::ifstream in(folder / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

}  // namespace

TEST_CASE("a worker inherits nothing but its image and its streams, and is the first to go without memory") {
  const Untidy untidy;
  Deadly deadly("", false);
  const auto status = deadly.proc("status");
  CHECK(value_in(status, "SigBlk:") == "0000000000000000");
  const auto ignored = std::stoull(value_in(status, "SigIgn:"), nullptr, 16);
  CHECK((ignored & (1ULL << (SIGUSR2 - 1))) == 0);
  CHECK(value_in(deadly.proc("oom_score_adj"), "") == "1000");
  CHECK(value_in(deadly.proc("limits"), "Max core file size") == "0");
  if (LAT_SANITIZER == 0) CHECK(value_in(deadly.proc("limits"), "Max data size") != "unlimited");
  std::vector<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator(deadly.proc("fd")))
    open.push_back(std::filesystem::read_symlink(entry.path()).string());
  CHECK(open.size() == 4);
  CHECK(std::filesystem::read_symlink(deadly.proc("fd/0")) == "/dev/null");
  CHECK(std::filesystem::read_symlink(deadly.proc("fd/1")) ==
        std::filesystem::read_symlink(deadly.proc("fd/2")));
}

TEST_CASE("a sandbox gives up privileges, and what a worker may use without one is less in it") {
  Deadly deadly("", true);
  const auto status = deadly.proc("status");
  CHECK(value_in(status, "NoNewPrivs:") == "1");
  if (!deadly.lacks()) CHECK(value_in(status, "Seccomp:") == "2");
  const auto limits = deadly.proc("limits");
  CHECK(value_in(limits, "Max open files") == "256");
  CHECK(std::stoul(value_in(limits, "Max processes")) <= 4096);
  if (LAT_SANITIZER == 0) CHECK(value_in(limits, "Max address space") != "unlimited");
}

TEST_CASE("a sandbox reads what it must and writes nothing") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "mine", "mine");
  const auto beside =
      test::fixture("deadly").parent_path() / "written";  // its own folder is readable, no more
  for (const auto& deed : {"write " + (folder / "mine").string(), "write " + (folder / "new").string(),
                           "truncate " + (folder / "mine").string(), "write " + beside.string()}) {
    CAPTURE(deed);
    Deadly deadly(deed, true);
    if (deadly.lacks()) continue;
    CHECK(deadly.failure().find("cannot write") != std::string::npos);
    CHECK(Deadly(deed, false).failure().empty());
  }
  std::filesystem::remove(beside);
}

TEST_CASE("a sandbox ends every call that reaches beyond its own process, and names it") {
  const Call calls[] = {
    {SYS_socket, "socket"},
    {SYS_connect, "connect"},
    {SYS_bind, "bind"},
    {SYS_listen, "listen"},
    {SYS_accept4, "accept4"},
    {SYS_execveat, "execveat"},
    {SYS_ptrace, "ptrace"},
    {SYS_process_vm_readv, "process_vm_readv"},
    {SYS_process_vm_writev, "process_vm_writev"},
    {SYS_pidfd_open, "pidfd_open"},
    {SYS_pidfd_getfd, "pidfd_getfd"},
    {SYS_pidfd_send_signal, "pidfd_send_signal"},
    {SYS_tkill, "tkill"},
    {SYS_rt_sigqueueinfo, "rt_sigqueueinfo"},
    {SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo"},
    {SYS_kcmp, "kcmp"},
    {SYS_shmget, "shmget"},
    {SYS_semget, "semget"},
    {SYS_msgget, "msgget"},
    {SYS_mq_open, "mq_open"},
    {SYS_setpgid, "setpgid"},
    {SYS_setsid, "setsid"},
    {SYS_memfd_create, "memfd_create"},
    {SYS_userfaultfd, "userfaultfd"},
    {SYS_io_uring_setup, "io_uring_setup"},
    {SYS_io_uring_enter, "io_uring_enter"},
    {SYS_io_uring_register, "io_uring_register"},
    {SYS_mount, "mount"},
    {SYS_umount2, "umount2"},
    {SYS_pivot_root, "pivot_root"},
    {SYS_chroot, "chroot"},
    {SYS_setns, "setns"},
    {SYS_unshare, "unshare"},
    {SYS_bpf, "bpf"},
    {SYS_perf_event_open, "perf_event_open"},
    {SYS_finit_module, "finit_module"},
    {SYS_add_key, "add_key"},
    {SYS_request_key, "request_key"},
    {SYS_keyctl, "keyctl"},
    {SYS_open_by_handle_at, "open_by_handle_at"},
    {SYS_setuid, "setuid"},
    {SYS_setgid, "setgid"},
    {SYS_setresuid, "setresuid"},
    {SYS_capset, "capset"},
#if defined(__x86_64__)
    {SYS_vfork, "vfork"},
#endif
  };
  for (const auto& [number, name] : calls) {
    CAPTURE(name);
    const std::string all = std::to_string(~0UL);
    Deadly deadly("call " + std::to_string(number) + " " + all + " " + all, true);
    if (deadly.lacks()) return;
    CHECK(deadly.failure().find(std::string("did what the sandbox forbids: ") + name + " in encode") !=
          std::string::npos);
  }
}

TEST_CASE(
    "a sandbox refuses what would signal the host, change who may use a file, or reach a named socket") {
  struct Case {
    Call call;
    unsigned long first, second;
  };
  constexpr unsigned long kBeyond = 1UL << 32U;  // no bit that the kernel looks at
  const Case cases[] = {
      {{SYS_fcntl, "fcntl"}, 0, F_SETOWN},
      {{SYS_fcntl, "fcntl"}, 0, kBeyond | F_SETOWN},
      {{SYS_fcntl, "fcntl"}, 0, F_SETOWN_EX},
      {{SYS_fcntl, "fcntl"}, 0, F_SETSIG},
      {{SYS_fcntl, "fcntl"}, 0, F_SETLEASE},
      {{SYS_socketpair, "socketpair"}, AF_UNIX, SOCK_DGRAM},
      {{SYS_socketpair, "socketpair"}, AF_UNIX, SOCK_RAW | SOCK_CLOEXEC},
      {{SYS_fchmod, "fchmod"}, 0, 0},
      {{SYS_fchmodat, "fchmodat"}, 0, 0},
      {{452, "fchmodat2"}, 0, 0},
      {{SYS_fchownat, "fchownat"}, 0, 0},
      {{SYS_setxattr, "setxattr"}, 0, 0},
      {{SYS_removexattr, "removexattr"}, 0, 0},
      {{SYS_utimensat, "utimensat"}, 0, 0},
  };
  const std::string refused = "errno " + std::to_string(EPERM);
  for (const auto& [call, first, second] : cases) {
    CAPTURE(call.name, first, second);
    Deadly deadly(
        "call " + std::to_string(call.number) + " " + std::to_string(first) + " " + std::to_string(second),
        true);
    if (deadly.lacks()) return;
    const auto failure = deadly.failure();
    const auto at = failure.find(refused);
    REQUIRE(at != std::string::npos);
    CHECK(std::isdigit(failure[at + refused.size()]) == 0);  // not EFAULT, say
  }
  const std::string getfl = "call " + std::to_string(SYS_fcntl) + " 0 " + std::to_string(F_GETFL);
  CHECK(Deadly(getfl, true).failure().empty());
}

TEST_CASE("calls that are for itself alone are ended where they mean others, in whatever bits they say it") {
  struct Case {
    Call call;
    unsigned long first, second;
  };
  constexpr unsigned long kBeyond = 1UL << 32U;  // no bit that the kernel looks at
  const Case cases[] = {
      {{SYS_tgkill, "tgkill"}, 1, 1},
      {{SYS_prlimit64, "prlimit64"}, 1, RLIMIT_NOFILE},
      {{SYS_prctl, "prctl"}, PR_SET_PDEATHSIG, 0},
      {{SYS_prctl, "prctl"}, kBeyond | PR_SET_PDEATHSIG, 0},
      {{SYS_clone, "clone"}, SIGCHLD, 0},
      {{SYS_clone, "clone"}, kBeyond | SIGCHLD, 0},
  };
  for (const auto& [call, first, second] : cases) {
    CAPTURE(call.name, first);
    Deadly deadly(
        "call " + std::to_string(call.number) + " " + std::to_string(first) + " " + std::to_string(second),
        true);
    if (deadly.lacks()) return;
    CHECK(deadly.failure().find(std::string("did what the sandbox forbids: ") + call.name) !=
          std::string::npos);
  }
  const std::string unknown = "errno " + std::to_string(ENOSYS);  // so that the C library falls back to clone
  CHECK(Deadly("call " + std::to_string(SYS_clone3) + " 0 0", true).failure().find(unknown) !=
        std::string::npos);
  CHECK(Deadly("call " + std::to_string(SYS_prctl) + " " + std::to_string(PR_GET_DUMPABLE) + " 0", true)
            .failure()
            .empty());
}

TEST_CASE("a plugin's lines keep their level, are cut, escaped and counted when they are too many") {
  CHECK(logged({"<4>br", "oken\n", "<9>odd\n"}).find("error eye: broken\n") != std::string::npos);
  CHECK(logged({"<9>odd\n"}).find("info eye: <9>odd\n") != std::string::npos);
  CHECK(logged({"no end"}).find("info eye: no end\n") != std::string::npos);
  CHECK(logged({"<1>quiet\n"}).empty());
  CHECK(logged({"\x1B[2J\n"}).find("\\x1B[2J") != std::string::npos);
  const auto cut = logged({std::string(3000, 'x'), std::string(3000, 'x') + "\n", "done\n"});
  CHECK(count_of(cut, "x") == 4096);
  CHECK(cut.find("eye: done\n") != std::string::npos);
  std::string many;
  for (int i = 0; i < 150; ++i) many += "line\n";
  const auto some = logged({many});
  CHECK(count_of(some, "eye: line\n") == 100);
  CHECK(some.find("eye: printed too much; 50 lines were dropped\n") != std::string::npos);
}
