#include "core/plugin/trust.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace lateral::plugin {
namespace {

struct User {
  std::string name;
  gid_t group;
};

std::optional<User> user(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return User{entry.pw_name, entry.pw_gid};
}

/// Containers often run as a user without an entry; the convention there is a group of the same number.
gid_t primary_group(uid_t uid) {
  const auto found = user(uid);
  return found ? found->group : static_cast<gid_t>(uid);
}

std::string name_of_user(uid_t uid) {
  const auto found = user(uid);
  return std::to_string(uid) + (found ? " (" + found->name + ")" : "");
}

std::string mode_of(const struct stat& status) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", status.st_mode & 07777U);
  return text.data();
}

}  // namespace

std::vector<uid_t> trusted_owners() {
  std::vector<uid_t> owners{0, ::geteuid()};
  struct stat program {};
  if (::stat("/proc/self/exe", &program) == 0) owners.push_back(program.st_uid);
  return owners;
}

std::vector<std::string> objections(const std::filesystem::path& path, const struct stat& status,
                                    const Trust& trust) {
  std::vector<std::string> found;
  if (std::find(trust.owners.begin(), trust.owners.end(), status.st_uid) == trust.owners.end()) {
    found.push_back(path.string() + " belongs to user " + name_of_user(status.st_uid) +
                    ", neither to root nor to who runs this program or owns it; make a copy of your own");
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    found.push_back(path.string() + " may be changed by everybody (mode " + mode_of(status) +
                    "): chmod o-w " + path.string());
  }
  const bool own_group = status.st_gid == primary_group(status.st_uid);
  if ((status.st_mode & S_IWGRP) != 0 && (trust.strict || !own_group)) {
    found.push_back(path.string() + " may be changed by the group " + std::to_string(status.st_gid) +
                    " (mode " + mode_of(status) + "): chmod g-w " + path.string());
  }
  return found;
}

}  // namespace lateral::plugin
