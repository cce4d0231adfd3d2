#include "host/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "core/format/json.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

using namespace lateral;
using namespace lateral::host;

namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

class Client {
 public:
  explicit Client(const std::filesystem::path& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = address_of(path);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& line) const {
    const std::string text = line + "\n";
    REQUIRE(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  /// The next line; empty when the host hung up.
  std::string line() const {
    std::string text;
    for (char c = 0; ::read(fd_, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  format::json::Value event(const std::string& command) const {
    send(command);
    return format::json::parse(line(), "event");
  }

 private:
  int fd_;
};

struct Host {
  test::TinyWorld world;
  runtime::Runtime runtime{world.config()};
  std::filesystem::path path = world / "control";

  std::unique_ptr<ControlSocket> open() {
    return std::make_unique<ControlSocket>(runtime, path, true, CancelToken());
  }
};

}  // namespace

TEST_CASE("a path that cannot be a socket is refused, and what lies there stays") {
  Host host;
  test::write_file(host.path, "notes");
  CHECK(test::thrown_by([&] { host.open(); }).mentions("is no socket"));
  CHECK(std::filesystem::file_size(host.path) == 5);
  host.path = host.world / std::string(200, 'x');
  CHECK(test::thrown_by([&] { host.open(); }).mentions("too long"));
  host.path = host.world / "absent/control";
  CHECK(test::thrown_by([&] { host.open(); }).code == Errc::Io);
}

TEST_CASE("a live socket is refused, and one left behind is taken over") {
  Host host;
  auto first = host.open();
  CHECK(test::thrown_by([&] { host.open(); }).mentions("another host listens"));
  CHECK(Client(host.path).event("/status").at("n").as_int(1, 1) == 1);
  first.reset();
  CHECK_FALSE(std::filesystem::exists(host.path));

  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const auto address = address_of(host.path);
  REQUIRE(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(dead);
  REQUIRE(std::filesystem::exists(host.path));
  const auto second = host.open();
  CHECK(Client(host.path).event("/status").at("event").as_string() == "status");
}

TEST_CASE("only the owner may use the socket") {
  Host host;
  const auto control = host.open();
  struct stat status {};
  REQUIRE(::stat(host.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("clients have sessions of their own over one runtime") {
  Host host;
  const auto control = host.open();
  const Client one(host.path), two(host.path);
  CHECK(one.event("/load template").at("event").as_string() == "loaded");
  CHECK(two.event("/status").at("plugins").size() == 1);
  CHECK(two.event("/nonsense").at("event").as_string() == "error");
  CHECK(one.event("what is here").at("n").as_int(0, 99) == 2);
  CHECK(two.event("what is here").at("n").as_int(0, 99) == 3);
  one.send("/quit");
  CHECK(one.line().empty());
  CHECK(two.event("/unload template").at("event").as_string() == "unloaded");
}

TEST_CASE("clients that go away in the middle do not disturb the others, nor does closing while some wait") {
  Host host;
  auto control = host.open();
  for (int i = 0; i < 4; ++i) {
    const Client hasty(host.path);
    hasty.send("/ask --bg what is here");
    hasty.send("what is he");
  }
  const auto patient = std::make_unique<Client>(host.path);
  CHECK(patient->event("what is here").at("event").as_string() == "answer");
  control.reset();
  CHECK(patient->line().empty());
}
