#include "core/plugin/worker/sandbox.hpp"

#include <asm/sockios.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/base/error.hpp"
#include "core/plugin/worker/file_rules.hpp"

namespace lateral::plugin::worker {
namespace {

/// Calls with no use for an encoder, by what they would let it do.
constexpr const char* kForbidden[] = {
    // talk to others
    "socket", "connect", "bind", "listen", "accept", "accept4",
    // run programs, start processes (clone is looked at below)
    "execve", "execveat", "fork", "vfork",
    // reach into others
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd",
    "pidfd_send_signal", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "kcmp", "shmget", "shmat", "shmctl",
    "semget", "msgget", "mq_open",
    // leave the host's group, or the session
    "setpgid", "setsid",
    // memory that no limit counts, memory errors handled by itself
    "memfd_create", "memfd_secret", "userfaultfd",
    // calls that this filter does not see
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    // the system
    "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "fsconfig", "mount_setattr",
    "pivot_root", "chroot", "setns", "unshare", "bpf", "perf_event_open", "init_module", "finit_module",
    "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "sethostname",
    "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "acct", "quotactl",
    "syslog", "iopl", "ioperm", "personality", "add_key", "request_key", "keyctl", "open_by_handle_at",
    "name_to_handle_at", "fanotify_init", "lookup_dcookie", "vhangup", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "capset"};

/// What rules for files do not cover: who may use a file, and when it was changed. Refused and not fatal, because libraries
/// try it in passing.
constexpr const char* kRefused[] = {"chmod",       "fchmod",       "fchmodat",     "chown",     "fchown",
                                    "lchown",      "fchownat",     "setxattr",     "lsetxattr", "fsetxattr",
                                    "removexattr", "lremovexattr", "fremovexattr", "utime",     "utimes",
                                    "futimesat",   "utimensat"};
/// The same, newer than many a libseccomp: fchmodat2, setxattrat, removexattrat, file_setattr. All machines number them so.
constexpr int kRefusedNumbers[] = {452, 463, 466, 469};
/// Who gets a signal when a descriptor is ready: that may be the host. Leases hold up whoever opens the file.
constexpr scmp_datum_t kRefusedOfDescriptors[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE, F_NOTIFY};

Word* forbidden_word = nullptr;  // for the signal handler, which gets no argument of ours

void tell(int, siginfo_t* info, void*) {
  forbidden_word->store(static_cast<std::uint32_t>(info->si_syscall) + 1, std::memory_order_relaxed);
  ::raise(SIGSYS);  // the handler is reset: this one ends the process
}

struct Release {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

void require(int result, const char* what) {
  if (result != 0) fail(Errc::Internal, "sandbox", "cannot ", what, ": ", std::strerror(std::abs(result)));
}

void add(const Filter& filter, std::uint32_t action, const char* call) {
  const int number = ::seccomp_syscall_resolve_name(call);
  if (number == __NR_SCMP_ERROR)
    return;  // newer than this machine's libseccomp: the kernel may know it still
  require(::seccomp_rule_add(filter.get(), action, number, 0), call);
}

template <typename... Conditions>
void refuse(const Filter& filter, int number, Conditions... conditions) {
  require(
      ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, sizeof...(conditions), conditions...),
      "refuse a call");
}

void refuse_for_files_and_sockets(const Filter& filter) {
  for (const char* const call : kRefused) add(filter, SCMP_ACT_ERRNO(EPERM), call);
  for (const int number : kRefusedNumbers) refuse(filter, number);
  for (const auto command : kRefusedOfDescriptors)
    refuse(filter, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, command));
  for (const scmp_datum_t request : {FIOSETOWN, SIOCSPGRP})
    refuse(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, request));
  // Datagrams can be sent to any socket that has a name, be their own socket one of a pair.
  constexpr scmp_datum_t kTypes = 0xF;
  for (const scmp_datum_t type : {SOCK_DGRAM, SOCK_RAW, SOCK_RDM})
    refuse(filter, SCMP_SYS(socketpair), SCMP_A1(SCMP_CMP_MASKED_EQ, kTypes, type));
}

/// Signals to itself, new threads and its own limits are all right; the same calls for others are not.
void forbid_for_others(const Filter& filter) {
  const auto self = static_cast<scmp_datum_t>(::getpid());
  const auto rule = [&](int number, scmp_arg_cmp condition) {
    require(::seccomp_rule_add(filter.get(), SCMP_ACT_TRAP, number, 1, condition), "restrict a call");
  };
  rule(SCMP_SYS(kill), SCMP_A0(SCMP_CMP_NE, self, 0));
  rule(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_NE, self, 0));
  rule(SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0, 0));
  // The kernel takes 32 bits of this argument, a filter compares 64.
  rule(SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, PR_SET_PDEATHSIG));
  rule(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  // The host's processes and threads are of the same user: their priorities and processors are not the plugin's.
  for (const int number :
       {SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setparam),
        SCMP_SYS(sched_setattr), SCMP_SYS(migrate_pages), SCMP_SYS(move_pages)})
    refuse(filter, number, SCMP_A0(SCMP_CMP_NE, 0, 0));
  for (const int number : {SCMP_SYS(setpriority), SCMP_SYS(ioprio_set)}) refuse(filter, number);
  // Limits that the host set, which root may raise.
  refuse(filter, SCMP_SYS(setrlimit));
  refuse(filter, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0, 0), SCMP_A2(SCMP_CMP_NE, 0, 0));
  // Its flags are in memory, where no filter can look; the C library then falls back to clone.
  require(::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "refuse clone3");
}

bool install_filter() {
  const Filter filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) fail(Errc::ResourceExhausted, "sandbox", "no memory for the filter");
  for (const char* const call : kForbidden) add(filter, SCMP_ACT_TRAP, call);
  refuse_for_files_and_sockets(filter);
  forbid_for_others(filter);
  const int result = ::seccomp_load(filter.get());
  if (result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP) return false;
  require(result, "install the filter of system calls");
  return true;
}

}  // namespace

std::vector<std::string> enter_sandbox(std::span<const std::filesystem::path> readable, Word& forbidden) {
  std::vector<std::string> lacks;
  require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno, "give up new privileges");
  if (const auto missing = restrict_files(readable); !missing.empty()) lacks.push_back(missing);
  forbidden_word = &forbidden;
  struct sigaction action {};
  action.sa_sigaction = &tell;
  action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  require(::sigaction(SIGSYS, &action, nullptr) == 0 ? 0 : errno, "watch for forbidden calls");
  if (!install_filter()) lacks.emplace_back("filters of system calls (seccomp)");
  return lacks;
}

std::string name_of_system_call(int number) {
  struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
  };
  const std::unique_ptr<char, Free> name(::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number));
  return name ? name.get() : "system call " + std::to_string(number);
}

}  // namespace lateral::plugin::worker
