#include "host/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/format/json.hpp"
#include "tests/core/runtime/thread_limit.hpp"
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
    return next_event();
  }
  format::json::Value next_event() const { return format::json::parse(line(), "event"); }

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

long descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<long>(std::distance(begin(all), end(all)));
}

/// Whether there are no more than these after a while.
bool comes_down_to(long wanted) {
  for (int i = 0; i < 500 && descriptors() > wanted; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return descriptors() <= wanted;
}

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

TEST_CASE("what a client took is given back when it leaves, not when another one comes") {
  Host host;
  const auto control = host.open();
  const long before = descriptors();
  {
    const Client one(host.path), two(host.path);
    CHECK(one.event("/status").at("event").as_string() == "status");
    CHECK(two.event("/status").at("event").as_string() == "status");
    CHECK(descriptors() == before + 4);
  }
  CHECK(comes_down_to(before));
}

TEST_CASE("one client more than there may be is told so, and there is room when another one leaves") {
  Host host;
  const auto control = host.open();
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < ControlSocket::kMaxClients; ++i)
    clients.push_back(std::make_unique<Client>(host.path));
  CHECK(clients.back()->event("/status").at("event").as_string() == "status");
  {
    const Client refused(host.path);
    const auto event = refused.next_event();
    CHECK(event.at("event").as_string() == "error");
    CHECK(event.at("code").as_string() == "ResourceExhausted");
    CHECK(refused.line().empty());
  }
  const long full = descriptors();
  clients.pop_back();
  REQUIRE(comes_down_to(full - 2));
  CHECK(Client(host.path).event("/status").at("event").as_string() == "status");
}

TEST_CASE("a client that no thread can be started for is told so, and the host lives on") {
  Host host;
  const auto control = host.open();
  const Client served(host.path);
  CHECK(served.event("/status").at("event").as_string() == "status");
  {
    const test::NoMoreThreads limit;
    const Client refused(host.path);
    CHECK(refused.next_event().at("code").as_string() == "ResourceExhausted");
    CHECK(refused.line().empty());
    CHECK(served.event("/ask --bg what is here").at("event").as_string() == "asked");
    CHECK(served.next_event().at("code").as_string() == "ResourceExhausted");
  }
  CHECK(served.event("what is here").at("event").as_string() == "answer");
  CHECK(Client(host.path).event("/status").at("event").as_string() == "status");
}
