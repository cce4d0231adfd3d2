#pragma once
// One channel of `lateral run`: commands come in as lines, events go out. Terminal, pipe and each client of the control
// socket have a session of their own; all of them share one runtime.

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/cancel.hpp"
#include "core/runtime/runtime.hpp"
#include "host/command_line.hpp"
#include "host/events.hpp"

namespace lateral::host {

/// execute() from one thread; events may come from background answers' threads.
class Session {
 public:
  /// `cancel` ends foreground and background work when somebody interrupts the program.
  Session(runtime::Runtime& runtime, EventSink& events, CancelToken cancel);
  /// Waits for background work.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Does what the line says; what fails becomes an error event. False after /quit.
  bool execute(std::string_view line);
  /// Waits for background answers and adaptations.
  void finish();
  /// Some command failed.
  bool failed() const { return failed_; }
  void note_failure(std::string_view command, const std::exception& error);

 private:
  void run(const LoadCommand& command);
  void run(const UnloadCommand& command);
  void run(const UpgradeCommand& command);
  void run(const WireCommand& command);
  void run(const StatusCommand& command);
  void run(const InputCommand& command);
  void run(const AskCommand& command);
  void run(const AdaptCommand& command);
  void run(const RollbackCommand& command);
  void run(const QuitCommand& command);

  void answer(std::int64_t number, const std::string& question, bool background);
  void adapt(const AdaptCommand& command);
  template <typename Work>
  void in_background(std::string command, Work work);
  void reap();

  struct Background {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  runtime::Runtime& runtime_;
  EventSink& events_;
  CancelToken cancel_;
  std::int64_t asked_ = 0;
  bool quit_ = false;
  std::atomic<bool> failed_{false};
  std::list<Background> background_;
};

}  // namespace lateral::host
