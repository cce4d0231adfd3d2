// Several threads at once where that is declared, and calls that must end early.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <mutex>
#include <thread>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/fault_handler.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kThreads = 4;
constexpr int kRounds = 25;
constexpr int kOthers = 5;  ///< made meanwhile
/// What the host grants after a cancel or a deadline, and a slow machine's share.
constexpr std::chrono::milliseconds kGrace{1000};
constexpr std::int64_t kMaxCancelMs = 500;

/// The same samples on several threads and one handle, while others are made and ended; results as when alone.
class Crowd {
 public:
  Crowd(Subject& subject, std::uint32_t encoder)
      : subject_(subject),
        spec_(subject.specs()[encoder]),
        encoder_(encoder),
        handle_(subject.create(encoder)) {
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      samples_.push_back(make_sample(spec_, subject.probe().settings().seed + i,
                                     i % 2 == 0 ? Extent::Small : Extent::Typical));
      EncodeCall alone(spec_, samples_.back());
      const bool ok = alone.run(subject, handle_).ok();
      if (ok) alone.check_counts();
      expected_.push_back(ok ? alone.bits() : std::vector<std::uint32_t>());
    }
  }

  void run() {
    std::vector<std::jthread> threads;  // joined also where making another fails
    for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { work(i); });
    for (int i = 0; i < kOthers; ++i) subject_.destroy(subject_.create(encoder_));
    for (auto& thread : threads) thread.join();
    if (!complaint_.empty()) throw Breach(complaint_);
  }

 private:
  void work(std::size_t index) {
    const FaultStack stack;
    try {
      for (int round = 0; round < kRounds; ++round) {
        EncodeCall call(spec_, samples_[index]);
        const bool ok = call.run(subject_, handle_).ok();
        if (ok != !expected_[index].empty()) breach("another status when several threads encode");
        if (!ok) continue;
        call.check_counts();
        call.check_borders();
        if (spec_.deterministic && call.bits() != expected_[index])
          breach("other bits when several threads encode");
      }
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      complaint_ = error.what();
    }
  }

  Subject& subject_;
  const plugin::EncoderSpec& spec_;
  std::uint32_t encoder_;
  std::uint64_t handle_;
  std::vector<Sample> samples_;
  std::vector<std::vector<std::uint32_t>> expected_;
  std::mutex mutex_;
  std::string complaint_;
};

void reentrant(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    bool any = false;
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      if (!subject.specs()[i].reentrant) continue;
      any = true;
      Crowd(subject, i).run();
    }
    if (!any) probe.skip("concurrency.reentrant", "no encoder declares LAT_ENCODER_REENTRANT");
  });
}

/// Why an encode is not wanted any more, and since when.
struct Unwanted {
  CallForm form;
  std::chrono::milliseconds cancel_after{0};  ///< from its beginning; 0 = never
  const char* why;
};

/// How long it goes on then.
std::chrono::milliseconds outlasted(Subject& subject, const plugin::EncoderSpec& spec, std::uint64_t handle,
                                    const Sample& sample, const Unwanted& unwanted) {
  EncodeCall call(spec, sample, unwanted.form);
  std::jthread canceller;
  const auto begin = Clock::now();
  if (unwanted.cancel_after.count() > 0)
    canceller = std::jthread([word = call.cancel_word(), after = unwanted.cancel_after] {
      std::this_thread::sleep_for(after);
      word.store(1);
    });
  call.run(subject, handle);
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin) - unwanted.cancel_after;
}

/// encode of the largest sample must return in time.
void stops(Probe& probe, std::initializer_list<Unwanted> reasons) {
  with_started(probe, [&](Subject& subject) {
    for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
      const auto& spec = subject.specs()[i];
      const auto handle = subject.create(i);
      for (const auto extent : {Extent::Typical, Extent::Large}) {
        const Sample sample = make_sample(spec, probe.settings().seed, extent);
        for (const auto& reason : reasons) {
          auto took = outlasted(subject, spec, handle, sample, reason);
          if (took > kGrace)  // it may have been the machine, once
            took = std::min(took, outlasted(subject, spec, handle, sample, reason));
          if (took > kGrace) breach("encode goes on for ", took.count(), " ms after ", reason.why);
        }
      }
    }
  });
}

void cancel_word(Probe& probe) {
  constexpr std::chrono::milliseconds kMidway{20};
  stops(probe, {{{.cancelled = true}, {}, "its cancel word was set"},
                {{}, kMidway, "its cancel word was set while it ran"}});
}

void deadline(Probe& probe) {
  stops(probe, {{{.deadline_ns = 1}, {}, "its deadline had passed"}});
}

/// cancel() from another thread: before, during and after encodes, for requests that exist and that do not.
void cancel_call(Probe& probe) {
  with_started(probe, [&](Subject& subject) {
    const auto cancel = subject.functions().cancel;
    if (cancel == nullptr) {
      probe.skip("concurrency.cancel-call", "it has no function cancel, which is optional");
      return;
    }
    const auto& spec = subject.specs().front();
    const auto handle = subject.create(0);
    const Sample sample = make_sample(spec, probe.settings().seed);
    std::atomic<bool> stop{false};
    std::atomic<int> cancels{0};
    std::atomic<std::int64_t> slow_ms{0};  // of the second slow one: the first may have been the machine
    std::thread canceller([&] {
      const FaultStack stack;
      int slow = 0;
      for (std::uint64_t request = 0; !stop.load(); ++request) {
        const auto begin = Clock::now();
        cancel(request % 3 == 0 ? UINT64_MAX : handle, request % 16);
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
        if (took > kMaxCancelMs && ++slow > 1) slow_ms.store(took);
        cancels.fetch_add(1);
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
    for (int i = 0; (i < 5 || cancels.load() < 20) && slow_ms.load() == 0; ++i) {
      EncodeCall call(spec, sample);
      call.run(subject, handle);
    }
    stop.store(true);
    canceller.join();
    if (slow_ms.load() > 0) breach("cancel blocked for ", slow_ms.load(), " ms; it is only a hint");
  });
}

}  // namespace

std::vector<ProbeInfo> concurrency_probes() {
  const std::string_view poll =
      "Poll lat_cancelled(args) and compare deadline_ns with host->now_ns every few milliseconds of "
      "work (SDK: out.check()), and return LAT_CANCELLED or LAT_DEADLINE_EXCEEDED.";
  return {
      {&reentrant,
       Stage::Encode,
       3,
       {{"concurrency.reentrant", "several threads encode at once, if it says so",
         "Keep what an encode writes in its own variables or in the workspace, lock the table of handles "
         "that create and "
         "destroy change meanwhile, or do not declare LAT_ENCODER_REENTRANT."}}},
      {&cancel_word,
       Stage::Encode,
       2,
       {{"concurrency.cancel", "encode stops soon when its cancel word is set", poll}}},
      {&deadline,
       Stage::Encode,
       2,
       {{"concurrency.deadline", "encode stops soon when its deadline has passed", poll}}},
      {&cancel_call,
       Stage::Encode,
       2,
       {{"concurrency.cancel-call", "cancel can be called from any thread and does not block",
         "Set an atomic flag and return; take no lock that encode holds."}}},
  };
}

}  // namespace lateral::conformance
