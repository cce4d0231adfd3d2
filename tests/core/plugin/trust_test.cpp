// Whose files are loaded, and that what was looked at is what is read.
#include "core/plugin/trust.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "core/plugin/plugin_file.hpp"
#include "core/plugin/verified_plugin.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
namespace fs = std::filesystem;
using plugin::PluginFile;
using plugin::Trust;
using test::failure_of;

namespace {

constexpr uid_t kMe = 4'000'001;  // nobody's: no entry, so that its own group is that of the same number
constexpr uid_t kOther = 4'000'002;

std::vector<std::string> judged(mode_t mode, uid_t owner = kMe, gid_t group = kMe, bool strict = false) {
  struct stat status {};
  status.st_mode = S_IFREG | mode;
  status.st_uid = owner;
  status.st_gid = group;
  return plugin::objections("/p/x.lateral.so", status, {strict, {0, kMe}});
}

bool mentions(const std::vector<std::string>& texts, const std::string& part) {
  for (const auto& text : texts) {
    if (text.find(part) != text.npos) return true;
  }
  return false;
}

/// A folder with a good plugin in it.
struct Installed {
  Installed() {
    fs::copy_file(test::fixture("none"), file);
    fs::permissions(file, fs::perms{0755});
  }
  std::vector<std::string> problems(const Trust& trust = {}) const {
    return plugin::verify(file, trust).facts.problems;
  }

  test::TemporaryFolder folder;
  fs::path file = folder / "x.lateral.so";
};

}  // namespace

TEST_CASE("who else could have written a file decides, and each refusal says what to change") {
  CHECK(judged(0755).empty());
  CHECK(judged(0644, 0, 0).empty());
  CHECK(judged(0664).empty());  // umask 002 with a group of one's own
  CHECK(judged(0666) ==
        std::vector<std::string>{"/p/x.lateral.so may be changed by everybody (mode 0666): chmod o-w "
                                 "/p/x.lateral.so"});
  CHECK(mentions(judged(0664, kMe, kOther), "chmod g-w /p/x.lateral.so"));
  CHECK(mentions(judged(0664, kMe, kMe, true), "chmod g-w"));  // strict
  CHECK(judged(0644, kMe, kOther, true).empty());
  CHECK(mentions(judged(0644, kOther, kOther), "belongs to user 4000002"));
  CHECK(judged(0666, kOther, kMe).size() == 3);
}

TEST_CASE("root, the user and the program's owner are trusted") {
  struct stat program {};
  REQUIRE(::stat("/proc/self/exe", &program) == 0);
  const auto owners = plugin::trusted_owners();
  for (const uid_t owner : {uid_t{0}, ::geteuid(), program.st_uid}) {
    CHECK(std::find(owners.begin(), owners.end(), owner) != owners.end());
  }
}

TEST_CASE("a user is trusted by the identity that opens files") {
  if (::geteuid() != 0) return;  // nobody else can take another one
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed = ::seteuid(kMe) == 0;
    const auto owners = plugin::trusted_owners();
    ::_exit(changed && std::find(owners.begin(), owners.end(), kMe) != owners.end() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("a plugin that everybody may change, or in such a folder, is not loaded") {
  Installed plugin;
  CHECK(plugin.problems().empty());
  fs::permissions(plugin.file, fs::perms{0757});
  CHECK(mentions(plugin.problems(), "chmod o-w " + plugin.file.string()));
  plugin::PluginHost host({}, test::short_timeouts());
  CHECK(failure_of([&] { host.load(plugin.file.string()); }).second.find("chmod o-w") != std::string::npos);

  fs::permissions(plugin.file, fs::perms{0755});
  fs::permissions(plugin.folder.path(), fs::perms{0777});
  CHECK(mentions(plugin.problems(), "chmod o-w " + plugin.folder.path().string()));
  fs::permissions(plugin.folder.path(), fs::perms{0700});
  CHECK(host.load(plugin.file.string()) == "structural");
}

TEST_CASE("strict refuses what a group may write") {
  Installed plugin;
  fs::permissions(plugin.file, fs::perms{0775});
  CHECK(plugin.problems().empty());
  CHECK(mentions(plugin.problems({.strict = true}), "chmod g-w"));
  plugin::PluginHost host({plugin.folder.path()}, test::short_timeouts(), {.strict = true});
  CHECK(failure_of([&] { host.load("structural"); }).first == Errc::Unsupported);
}

TEST_CASE("a plugin of a foreign owner is not loaded") {
  Installed plugin;
  CHECK(mentions(plugin.problems({false, {kOther}}), "belongs to user"));
}

TEST_CASE("what is no regular file is named for what it is") {
  const test::TemporaryFolder folder;
  const auto why = [&](const fs::path& path) { return failure_of([&] { PluginFile::open(path); }); };
  CHECK(why(folder / "nothing.lateral.so").first == Errc::NotFound);
  CHECK(why(folder.path()).second.find("is a directory, not a regular file") != std::string::npos);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(why(folder / "pipe").second.find("is a pipe") != std::string::npos);
  CHECK(why("/dev/null").second.find("is a device") != std::string::npos);
  CHECK(why("/proc/self/exe").second.find("is this program itself") != std::string::npos);

  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(why(folder / "socket").second.find("is a socket") != std::string::npos);
  ::close(socket);

  fs::create_symlink("loop", folder / "loop");
  CHECK(why(folder / "loop").second.find("symbolic links") != std::string::npos);
  fs::create_symlink("gone", folder / "dangling");
  CHECK(why(folder / "dangling").second.find("the link leads nowhere") != std::string::npos);
}

TEST_CASE("links are resolved once, and the file that was opened is the one that is read") {
  Installed plugin;
  fs::create_symlink(plugin.file, plugin.folder / "link.lateral.so");
  const PluginFile opened = PluginFile::open(plugin.folder / "link.lateral.so");
  CHECK(opened.path() == fs::canonical(plugin.file));
  const auto size = fs::file_size(plugin.file);
  test::write_file(plugin.folder / "other", "replaced");
  fs::rename(plugin.folder / "other", plugin.file);
  CHECK(opened.read(plugin::kMaxPluginBytes).size() == size);
  CHECK(failure_of([&] { opened.read(10); }).first == Errc::ResourceExhausted);
}

TEST_CASE("a file beside is opened in the same folder, and a link there is not followed") {
  Installed plugin;
  const PluginFile opened = PluginFile::open(plugin.file);
  CHECK_FALSE(opened.beside("x.lateral.toml"));
  test::write_file(plugin.folder / "x.lateral.toml", "id = 1");
  CHECK(opened.beside("x.lateral.toml")->read(100).size() == 6);
  fs::create_symlink("/etc/passwd", plugin.folder / "y.lateral.toml");
  CHECK(failure_of([&] { opened.beside("y.lateral.toml"); }).second.find("is a link") != std::string::npos);
}

TEST_CASE("no descriptor of a plugin's file or folder is inherited by a program that starts meanwhile") {
  Installed plugin;
  test::write_file(plugin.folder / "x.lateral.toml", "id = 1");
  const auto open_now = [] {
    std::set<int> open;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd"))
      open.insert(std::stoi(entry.path().filename().string()));
    std::erase_if(open,
                  [](int descriptor) { return ::fcntl(descriptor, F_GETFD) < 0; });  // that of the listing
    return open;
  };
  const auto before = open_now();
  const PluginFile opened = PluginFile::open(plugin.file);
  const auto beside = opened.beside("x.lateral.toml");
  int fresh = 0;
  for (const int descriptor : open_now()) {
    if (before.contains(descriptor)) continue;
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    ++fresh;
  }
  CHECK(fresh == 4);  // two files, and their folder for each
}

TEST_CASE("a file beside that cannot be looked at is not taken for none") {
  Installed plugin;
  const PluginFile opened = PluginFile::open(plugin.file);
  CHECK(failure_of([&] { opened.beside(std::string(300, 'x')); }).first == Errc::Io);
}
