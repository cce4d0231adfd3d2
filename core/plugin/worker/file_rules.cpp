#include "core/plugin/worker/file_rules.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/base/error.hpp"

namespace lateral::plugin::worker {
namespace {

// The kernel's numbers; the distribution's header may be older than the kernel that runs.
constexpr std::uint64_t kReadFile = 1U << 2U;
constexpr std::uint64_t kReadFolder = 1U << 3U;
constexpr std::uint64_t kAllOfVersion1 = (1U << 13U) - 1;
constexpr std::uint64_t kRefer = 1U << 13U;     // version 2: links across folders
constexpr std::uint64_t kTruncate = 1U << 14U;  // version 3
constexpr std::uint64_t kDevices = 1U << 15U;   // version 5: ioctl
// Version 6: no abstract socket and no process outside of the rules can be reached.
constexpr std::uint64_t kScopes = (1U << 0U) | (1U << 1U);

/// As version 6 has it; an older kernel takes it as well, if what it does not know is 0.
struct Ruleset {
  std::uint64_t files = 0, network = 0, scopes = 0;
};

constexpr const char* kLibraries[] = {"/usr/lib", "/usr/lib64",       "/usr/local/lib", "/lib",
                                      "/lib64",   "/etc/ld.so.cache", "/dev/null",      "/dev/urandom"};
// libtorch picks its kernels by these; without them it computes with its slowest, in other bits.
constexpr const char* kProcessors[] = {"/proc/cpuinfo", "/sys/devices/system/cpu"};

class Handle {
 public:
  explicit Handle(long descriptor) : descriptor_(static_cast<int>(descriptor)) {}
  ~Handle() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void refused(const char* action) {
  fail(Errc::Internal, "sandbox", "cannot ", action, ": ", std::strerror(errno));
}

std::uint64_t handled_by(long version) {
  std::uint64_t rights = kAllOfVersion1;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kDevices;
  return rights;
}

void allow_reading(const Handle& rules, const std::filesystem::path& path) {
  const Handle at(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (at.get() < 0) return;  // what is not there needs no permission
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(path, ignored);
  const landlock_path_beneath_attr rule{folder ? kReadFile | kReadFolder : kReadFile, at.get()};
  if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    refused("allow reading a folder");
}

}  // namespace

std::string restrict_files(std::span<const std::filesystem::path> readable) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return "rules for files (Landlock)";
  const Ruleset attributes{handled_by(version), 0, version >= 6 ? kScopes : 0};
  const Handle rules(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (rules.get() < 0) refused("make rules for files");
  for (const auto& path : readable) allow_reading(rules, path);
  for (const char* const library : kLibraries) allow_reading(rules, library);
  for (const char* const processors : kProcessors) allow_reading(rules, processors);
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) refused("apply rules for files");
  return version >= 3 ? "" : "rules for truncating files (Landlock 3)";
}

}  // namespace lateral::plugin::worker
