#include "host/control_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "host/events.hpp"
#include "host/session.hpp"

namespace lateral::host {
namespace {

constexpr std::string_view kWhere = "control";
constexpr timeval kSendPatience{.tv_sec = 5, .tv_usec = 0};
constexpr int kNoDescriptorsPauseMs = 100;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    fail(Errc::InvalidArgument, kWhere, text, " is too long for a socket (at most ",
         sizeof address.sun_path - 1, " bytes); choose a shorter [run] control");
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

int new_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(Errc::ResourceExhausted, kWhere, "cannot make a socket: ", std::strerror(errno));
  return fd;
}

// A file left behind by a host that died may be removed; one that somebody listens on may not.
void remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode))
    fail(Errc::InvalidArgument, kWhere, path.string(), " is there and is no socket");
  const int probe = new_socket();
  const bool alive = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  if (alive) fail(Errc::FailedPrecondition, kWhere, "another host listens on ", path.string());
  ::unlink(path.c_str());
}

// A client that went away must not end the host with SIGPIPE, and one that does not read must not hold it up: both are
// hung up on, because half a line would make nonsense of all that follow.
void send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      ::shutdown(fd, SHUT_RDWR);
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

ControlSocket::ControlSocket(runtime::Runtime& runtime, std::filesystem::path path, bool json,
                             CancelToken cancel)
    : runtime_(runtime), path_(std::move(path)), json_(json), cancel_(std::move(cancel)) {
  bind_and_listen();
  thread_ = std::thread([this] { accept_clients(); });
}

ControlSocket::~ControlSocket() {
  stop_.set();
  thread_.join();
  for (Client& client : clients_) {
    client.thread.join();
    ::close(client.descriptor);
  }
  ::close(listener_);
  ::unlink(path_.c_str());
}

void ControlSocket::bind_and_listen() {
  const sockaddr_un address = address_of(path_);
  remove_stale(path_, address);
  listener_ = new_socket();
  // bind() gives the file the socket's own mode (Linux), so it is never open to others, not even for a moment.
  ::fchmod(listener_, S_IRUSR | S_IWUSR);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path_.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listener_, 8) != 0) {
    const int error = errno;
    ::close(listener_);
    fail(Errc::Io, kWhere, "cannot listen on ", path_.string(), ": ", std::strerror(error));
  }
}

void ControlSocket::accept_clients() {
  for (;;) {
    std::array<pollfd, 2> waiting{{{listener_, POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if ((waiting[1].revents & POLLIN) != 0) return;
    reap();
    if ((waiting[0].revents & POLLIN) == 0) continue;
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) {
      // Out of descriptors the listener stays readable: without a pause this would be a busy loop.
      ::poll(&waiting[1], 1, kNoDescriptorsPauseMs);
      continue;
    }
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof kSendPatience);
    Client& client = clients_.emplace_back();
    client.descriptor = descriptor;
    client.thread = std::thread([this, &client] { serve(client); });
  }
}

void ControlSocket::reap() {
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (!client->done) {
      ++client;
      continue;
    }
    client->thread.join();
    ::close(client->descriptor);
    client = clients_.erase(client);
  }
}

void ControlSocket::serve(Client& client) {
  EventSink events(json_,
                   [&](std::string_view line) { send_all(client.descriptor, std::string(line) + "\n"); });
  LineReader lines(client.descriptor, stop_);
  {
    Session session(runtime_, events, cancel_);
    for (bool more = true; more;) {
      try {
        const auto line = lines.next();
        more = line && session.execute(*line);
      } catch (const std::exception& error) {
        session.note_failure("", error);
      }
    }
  }
  ::shutdown(client.descriptor, SHUT_RDWR);
  client.done = true;
}

}  // namespace lateral::host
