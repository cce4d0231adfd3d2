#include "tests/storm/channel.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace lateral::storm {

SocketChannel::SocketChannel(const std::filesystem::path& path)
    : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  ::close(descriptor_);
  throw std::runtime_error("nobody listens on " + path.string());
}

SocketChannel::~SocketChannel() {
  ::close(descriptor_);
}

void SocketChannel::send(const std::string& line) {
  const std::string text = line + "\n";
  if (::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("the host reads no more from its socket");
}

std::string SocketChannel::line() {
  std::string text;
  for (char c = 0; ::read(descriptor_, &c, 1) == 1 && c != '\n';) text += c;
  return text;
}

}  // namespace lateral::storm
