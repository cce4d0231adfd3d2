#include "host/control_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
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

std::function<void(std::string_view)> writer_to(int fd) {
  return [fd](std::string_view line) { send_all(fd, std::string(line) + "\n"); };
}

Descriptor new_event() {
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event.get() < 0) {
    fail(Errc::ResourceExhausted, kWhere, "cannot make an event descriptor: ", std::strerror(errno));
  }
  return event;
}

}  // namespace

ControlSocket::ControlSocket(runtime::Runtime& runtime, std::filesystem::path path, bool json,
                             CancelToken cancel)
    : runtime_(runtime),
      path_(std::move(path)),
      json_(json),
      cancel_(std::move(cancel)),
      ended_(new_event()) {
  bind_and_listen();
  thread_ = std::thread([this] { accept_clients(); });
}

ControlSocket::~ControlSocket() {
  stop_.set();
  thread_.join();
  for (Client& client : clients_) client.thread.join();
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
    std::array<pollfd, 3> waiting{
        {{listener_, POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}, {ended_.get(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if ((waiting[1].revents & POLLIN) != 0) return;
    if ((waiting[2].revents & POLLIN) != 0) reap();
    if ((waiting[0].revents & POLLIN) != 0) accept_client();
  }
}

void ControlSocket::accept_client() {
  Descriptor accepted(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  if (accepted.get() < 0) {
    // Out of descriptors the listener stays readable: without a pause this would be a busy loop.
    pollfd stop{stop_.descriptor(), POLLIN, 0};
    ::poll(&stop, 1, kNoDescriptorsPauseMs);
    return;
  }
  ::setsockopt(accepted.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof kSendPatience);
  try {
    start_serving(accepted);
  } catch (const std::exception& error) {
    log::warn(kWhere, "a client was turned away: ", error.what());
    EventSink(json_, writer_to(accepted.get())).error("", error);
  }
}

void ControlSocket::start_serving(Descriptor& descriptor) {
  if (clients_.size() >= kMaxClients) {
    fail(Errc::ResourceExhausted, kWhere, kMaxClients,
         " clients are connected, as many as there may be; close one of them");
  }
  Client& client = clients_.emplace_back();
  try {
    client.thread = std::thread([this, &client, fd = descriptor.get()] { serve(client, fd); });
  } catch (const std::exception& error) {
    clients_.pop_back();
    fail(Errc::ResourceExhausted, kWhere, "no thread can be started for another client (", error.what(),
         "); close one of them, or allow this host more threads");
  }
  client.descriptor = std::move(descriptor);
}

void ControlSocket::reap() {
  std::uint64_t count = 0;
  while (::read(ended_.get(), &count, sizeof count) < 0 && errno == EINTR) {
  }
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (!client->done) {
      ++client;
      continue;
    }
    client->thread.join();
    client = clients_.erase(client);
  }
}

void ControlSocket::serve(Client& client, int descriptor) {
  try {
    converse(descriptor);
  } catch (const std::exception& error) {
    log::warn(kWhere, "a client was hung up on: ", error.what());
  }
  ::shutdown(descriptor, SHUT_RDWR);
  client.done = true;
  const std::uint64_t one = 1;
  while (::write(ended_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void ControlSocket::converse(int descriptor) {
  EventSink events(json_, writer_to(descriptor));
  LineReader lines(descriptor, stop_);
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

}  // namespace lateral::host
