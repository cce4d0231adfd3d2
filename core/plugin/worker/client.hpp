#pragma once
// The host's side of one worker: every call of the ABI as a question with a deadline. Nothing here believes
// the worker: not its sizes, not its numbers, not that it answers.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/private_folder.hpp"
#include "core/plugin/load_options.hpp"
#include "core/plugin/revision.hpp"
#include "core/plugin/verified_plugin.hpp"
#include "core/plugin/worker/arena_layout.hpp"
#include "core/plugin/worker/lane_book.hpp"
#include "core/plugin/worker/messages.hpp"
#include "core/plugin/worker/worker_process.hpp"

namespace lateral::plugin::worker {

/// Thread safety: all members may be called from any thread; shut_down by one, when nothing else runs.
class Client {
 public:
  /// Starts a worker, loads and initialises the plugin in it. Throws what Revision::open throws; then the
  /// worker is gone. REQUIRES: options.timeouts and options.id.
  Client(const VerifiedPlugin& plugin, const LoadOptions& options);

  const std::vector<EncoderSpec>& encoders() const noexcept { return encoders_; }
  /// What the kernel lacks of the sandbox.
  const std::vector<std::string>& lacks() const noexcept { return loaded_.lacks; }

  std::uint64_t create(std::uint32_t encoder, const OptionMap& options);
  void destroy(std::uint64_t handle);

  /// `stop` ends it like a cancel token. Throws as Encoder::encode.
  Tokens encode(std::uint32_t encoder, std::uint64_t handle, std::span<const Input> inputs,
                const EncodeOptions& options, const std::atomic<bool>& stop);

  /// Destroys all handles, shuts down, waits for the worker's end. Returns what went wrong; empty = nothing.
  std::string shut_down();

  /// Ends the worker without asking, and waits until it is reaped.
  void end() noexcept;
  /// True once the worker has ended, or was ended because it did not answer.
  bool gone() const noexcept { return process_.gone(); }
  void wait_until_gone() { process_.wait_until_gone(Clock::time_point::max()); }
  /// What ended it, e.g. "crashed with SIGSEGV in encode". REQUIRES: gone().
  std::string fault() const;

 private:
  template <typename Answer, typename Request>
  Answer ask(Lane& lane, Question question, const Request& request, std::string_view what,
             Clock::time_point until);
  template <typename Answer, typename Request>
  Answer ask_in_turn(Question question, const Request& request, std::string_view what,
                     std::chrono::milliseconds timeout);
  bool wait(Lane& lane, Clock::time_point until);
  /// Remembers what the worker was asked while it works, and for good if it dies of it.
  class Asking;
  [[noreturn]] void died();
  /// Ends it for a reason of the host's.
  void condemn(std::string fault);
  [[noreturn]] void refuse(const Failure& failure);

  struct Running;
  EncodeReply encode_in(Lane& lane, const EncodeRequest& request, const Running& running);
  void await(Lane& lane, const EncodeRequest& request, const Running& running);
  void hint_cancel(const EncodeRequest& request);
  Tokens copy_tokens(Lane& lane, const EncoderSpec& spec, const EncodeRequest& request,
                     const EncodeReply& reply);

  std::string id_;
  Timeouts timeouts_;
  LoadReply loaded_;
  std::vector<EncoderSpec> encoders_;
  std::mutex handles_mutex_;
  std::set<std::uint64_t> handles_;
  mutable std::mutex fault_mutex_;
  std::string fault_;                    ///< the host's own reason to end it; empty = it ended by itself
  std::vector<std::string_view> asked_;  ///< and not answered yet
  std::mutex cancel_mutex_;
  std::map<std::string, PrivateFolder> folders_;  ///< by option; as long as the process
  WorkerProcess process_;
  LaneBook book_;
};

}  // namespace lateral::plugin::worker
