#pragma once
// A Unix socket that speaks the grammar of `lateral run`: each client is a session of its own.

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <list>
#include <thread>

#include "core/base/cancel.hpp"
#include "core/base/descriptor.hpp"
#include "core/runtime/runtime.hpp"
#include "host/line_reader.hpp"

namespace lateral::host {

/// Listens as long as it lives. The socket's file is readable and writable by its owner alone, and removed at the end. A
/// client that cannot be served is told why in an error event and hung up on.
class ControlSocket {
 public:
  static constexpr std::size_t kMaxClients = 256;  ///< at a time

  /// Events go to clients as JSON or as text; /quit ends the client's own session. Throws InvalidArgument when the path
  /// is too long for a socket or is another kind of file, FailedPrecondition when another host listens there, Io.
  ControlSocket(runtime::Runtime& runtime, std::filesystem::path path, bool json, CancelToken cancel);
  /// Ends all clients and waits for their work.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Client {
    Descriptor descriptor;
    std::thread thread;
    std::atomic<bool> done{false};
  };
  void bind_and_listen();
  void accept_clients();
  void accept_client();
  void start_serving(Descriptor& descriptor);
  void serve(Client& client, int descriptor);
  void converse(int descriptor);
  void reap();

  runtime::Runtime& runtime_;
  std::filesystem::path path_;
  bool json_;
  CancelToken cancel_;
  StopSignal stop_;
  Descriptor ended_;  // an eventfd: some client is done
  int listener_ = -1;
  std::list<Client> clients_;  // touched by the accepting thread alone
  std::thread thread_;
};

}  // namespace lateral::host
