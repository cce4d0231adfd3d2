#include "core/runtime/adapter_store.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "core/base/descriptor.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/connector/adapter_file.hpp"

namespace lateral::runtime {
namespace {

constexpr std::uint64_t kMaxAdapter = std::uint64_t{4} << 30U;
constexpr int kMaxLinks = 40;  // as many as the kernel follows
constexpr std::string_view kWhere = "file";

/// Where a write must go for a link to stay one.
std::filesystem::path behind_links(const std::filesystem::path& file) {
  std::filesystem::path target = file;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code no_link;
    const auto next = std::filesystem::read_symlink(target, no_link);
    if (no_link) return target;
    target = target.parent_path() / next;
  }
  fail(Errc::Io, kWhere, file.string(), " is a link that leads in a circle; correct it");
}

void make_folder_of(const std::filesystem::path& file) {
  if (!file.has_parent_path()) return;
  std::error_code refused;
  std::filesystem::create_directories(file.parent_path(), refused);
  if (refused) {
    fail(Errc::Io, kWhere, "cannot make the folder ", file.parent_path().string(), ": ", refused.message());
  }
}

/// A file beside `target` that no other process writes. Removed, unless it was renamed.
class FreshFile {
 public:
  explicit FreshFile(const std::filesystem::path& target) {
    std::string name = target.string() + ".new-XXXXXX";
    const Descriptor made(::mkostemp(name.data(), O_CLOEXEC));
    if (made.get() < 0) fail(Errc::Io, kWhere, "cannot create ", name, ": ", std::strerror(errno));
    path_ = name;
  }
  ~FreshFile() {
    std::error_code renamed;
    std::filesystem::remove(path_, renamed);
  }
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

bool is_there(const std::filesystem::path& file) {
  std::error_code unknown;
  const bool there = std::filesystem::exists(file, unknown);
  if (unknown) {
    fail(Errc::Io, kWhere, "cannot look at ", file.string(), ": ", unknown.message(),
         "; correct the path, or its permissions");
  }
  return there;
}

std::filesystem::path previous_of(const std::filesystem::path& file) {
  return behind_links(file).string() + ".previous";
}

void save_keeping_previous(const std::filesystem::path& file, const connector::Adapter& next,
                           const connector::Adapter* former) {
  const auto target = behind_links(file);
  make_folder_of(target);
  // An adapter that cannot be kept must not cost the previous one, so it is tried beside them first.
  const FreshFile fresh(target);
  connector::save_adapter(fresh.path(), next);
  if (former != nullptr) {
    connector::save_adapter(previous_of(target), *former);
  } else if (is_there(target)) {
    write_atomically(previous_of(target), read_text(target, kMaxAdapter));
  }
  rename_file(fresh.path(), target);
}

void exchange_with_previous(const std::filesystem::path& file) {
  const auto target = behind_links(file);
  if (is_there(target)) {
    exchange_files(target, previous_of(target));
  } else {
    rename_file(previous_of(target), target);
  }
}

}  // namespace lateral::runtime
