// The same again, a hundred times: what a host that runs for weeks would see.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/conformance/consumption.hpp"
#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCycles = 100;
constexpr int kWarmUp = 10;
constexpr int kEncodes = 300;
constexpr int kSideBySide = 16;
/// Growth over all cycles after the warm-up that is no leak: the C library's and the loader's own unevenness.
constexpr std::int64_t kHeapTolerance = 64 << 10;
constexpr std::int64_t kResidentTolerance = 4 << 20;

/// A leak, however small, if every part of the rounds shows as much: what a plugin keeps once shows in one of them.
constexpr std::int64_t kHeapSteady = 16;
constexpr std::int64_t kAddressSteady = 4096;
constexpr int kParts = 4;

/// How much was used after the warm-up and at the end of so many rounds more; 0 = there was no time for them.
struct Growth {
  Consumption begin;
  Consumption end;
  int rounds = 0;
  std::vector<std::pair<int, Consumption>>
      marks{};  ///< after that many rounds; one for each part, and the warm-up's
};

/// Repeats `body` at most `count` times, and until then.
Growth repeat(Clock::time_point until, int count, const std::function<void()>& body) {
  Growth growth;
  growth.marks.reserve(kParts + 1);  // this is on the heap that is counted
  for (int i = 0; i < count && (i == 0 || Clock::now() < until); ++i) {
    body();
    if (i == kWarmUp) growth.begin = measure_consumption();
    if (i >= kWarmUp && (i - kWarmUp) % ((count - kWarmUp - 1) / kParts) == 0)
      growth.marks.emplace_back(i, measure_consumption());
    growth.rounds = std::max(0, i - kWarmUp);
  }
  growth.end = measure_consumption();
  return growth;
}

bool grew(const Growth& growth) {
  return growth.end.heap_bytes - growth.begin.heap_bytes > kHeapTolerance ||
         growth.end.resident_bytes - growth.begin.resident_bytes > kResidentTolerance;
}

/// Repeats `body` for half of the time that the probe has, so that the report gets out; where memory grew, for a
/// quarter more. What is kept once, by the plugin, by libtorch or by the allocator, grows in one of both; a leak in
/// both.
Growth repeat(Probe& probe, int time_factor, int count, const std::function<void()>& body) {
  const auto limit = probe.settings().timeout * time_factor;
  const Growth first = repeat(Clock::now() + limit / 2, count, body);
  if (!grew(first)) return first;
  const Growth second = repeat(Clock::now() + limit / 4, count, body);
  return second.rounds > 0 && !grew(second) ? second : first;
}

/// True after saying that nothing can be said.
bool too_slow(Probe& probe, std::string_view id, const Growth& growth) {
  if (growth.rounds > 0) return false;
  probe.skip(id, detail::concat("it is too slow for ", kWarmUp + 2, " rounds; give it more with --timeout"));
  return true;
}

/// The least that `member` grew with a round in any of the parts; 0 when there was no time for all of them.
std::int64_t steady_growth(const Growth& growth, std::int64_t Consumption::*member) {
  if (growth.marks.size() <= kParts) return 0;
  std::int64_t least = INT64_MAX;
  for (std::size_t i = 1; i < growth.marks.size(); ++i) {
    const auto& [from, before] = growth.marks[i - 1];
    const auto& [to, after] = growth.marks[i];
    least = std::min(least, (after.*member - before.*member) / (to - from));
  }
  return least;
}

/// The same for rounds in which neither loader nor threads take part, so that the smallest leak shows.
bool grows_steadily(Probe& probe, std::string_view id, const Growth& growth, const char* what) {
  const auto heap = steady_growth(growth, &Consumption::heap_bytes);
  const auto address = steady_growth(growth, &Consumption::address_bytes);
  if (heap < kHeapSteady && address < kAddressSteady) return false;
  probe.fail(id, detail::concat("memory grows steadily: at least ", std::max(heap, address), " bytes of ",
                                heap < kHeapSteady ? "address space" : "heap", " with each ", what));
  return true;
}

/// Says what grew. `what` names one round, "load and unload".
void judge_memory(Probe& probe, std::string_view id, const Growth& growth, const char* what) {
  if (too_slow(probe, id, growth)) return;
  if (!grew(growth)) {
    probe.pass(id);
    return;
  }
  const std::int64_t heap = growth.end.heap_bytes - growth.begin.heap_bytes;
  const std::int64_t resident = growth.end.resident_bytes - growth.begin.resident_bytes;
  probe.fail(
      id, detail::concat("memory grows: ", std::max(heap, resident) / growth.rounds, " bytes with each ",
                         what, " (", growth.rounds, " of them: heap ", heap, ", resident ", resident, ")"));
}

void judge_count(Probe& probe, std::string_view id, std::int64_t before, std::int64_t after, const char* what,
                 const Growth& growth) {
  if (too_slow(probe, id, growth)) return;
  if (after - before < growth.rounds / 4 + 1) {
    probe.pass(id);
  } else {
    probe.fail(id, detail::concat(after - before, " more ", what, " after ", growth.rounds, " cycles"));
  }
}

void live_once(Subject& subject, Probe& probe) {
  subject.start();
  for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
    const auto handle = subject.create(i);
    const Sample sample = make_sample(subject.specs()[i], probe.settings().seed, Extent::Small);
    EncodeCall call(subject.specs()[i], sample);
    call.run(subject, handle);
    subject.destroy(handle);
  }
  if (const auto answer = subject.shutdown(); !answer.ok())
    breach("shutdown failed with ", answer.described());
}

constexpr int kCycleFactor = 6;

void cycles(Probe& probe) {
  bool stays = false;
  int cycle = 0;
  const Growth growth = repeat(probe, kCycleFactor, kCycles, [&] {
    Subject subject(probe);
    on_plugin_thread([&] { live_once(subject, probe); });
    subject.host().release_threads();
    const auto removal = subject.close();
    // What never leaves is load.unload's matter; what leaves the first time must leave every time.
    if (!removal.unmapped && cycle > 0 && !stays)
      breach("cycle ", cycle, " leaves it mapped: ", removal.reason);
    stays = stays || !removal.unmapped;
    ++cycle;
  });
  if (stays) {
    for (const auto id : {"lifecycle.cycles", "lifecycle.memory", "lifecycle.mappings"}) {
      probe.skip(id, "it stays mapped, see load.unload");
    }
  } else {
    probe.pass("lifecycle.cycles", detail::concat("loaded, used and provably unmapped ", cycle, " times"));
    judge_memory(probe, "lifecycle.memory", growth, "load and unload");
    judge_count(probe, "lifecycle.mappings", growth.begin.mappings, growth.end.mappings, "mappings", growth);
  }
  judge_count(probe, "lifecycle.descriptors", growth.begin.descriptors, growth.end.descriptors, "descriptors",
              growth);
  judge_count(probe, "lifecycle.threads", growth.begin.threads, growth.end.threads, "threads", growth);
}

void instances(Probe& probe) {
  Subject subject(probe);
  on_plugin_thread([&] {
    subject.start();
    const Growth growth = repeat(probe, 2, kCycles, [&] {
      const auto handle = subject.create(0);
      if (const auto answer = subject.destroy(handle); !answer.ok())
        breach("destroy failed with ", answer.described());
    });
    if (!grows_steadily(probe, "lifecycle.instances", growth, "create and destroy"))
      judge_memory(probe, "lifecycle.instances", growth, "create and destroy");
    probe.board().finish();
    std::_Exit(0);
  });
}

void encodes(Probe& probe) {
  Subject subject(probe);
  on_plugin_thread([&] {
    subject.start();
    const auto& spec = subject.specs().front();
    const Sample sample = make_sample(spec, probe.settings().seed, Extent::Small);
    const auto handle = subject.create(0);
    const Growth growth = repeat(probe, 2, kEncodes, [&] {
      EncodeCall call(spec, sample);
      call.run(subject, handle);
    });
    if (!grows_steadily(probe, "lifecycle.encodes", growth, "encode"))
      judge_memory(probe, "lifecycle.encodes", growth, "encode");
    probe.board().finish();
    std::_Exit(0);
  });
}

/// An upgrade: the new copy runs before the old one goes. Static thread-local storage runs out after a few.
void side_by_side(Probe& probe) {
  std::unique_ptr<Subject> old;
  for (int i = 0; i < kSideBySide; ++i) {
    auto next = std::make_unique<Subject>(probe);
    on_plugin_thread([&] { live_once(*next, probe); });
    next->host().release_threads();
    if (old != nullptr) old->close();
    old = std::move(next);
  }
  old->close();
  probe.board().finish();
  std::_Exit(0);
}

}  // namespace

std::vector<ProbeInfo> lifecycle_probes() {
  const std::string_view leak =
      "Something is not freed in destroy or shutdown; run it under AddressSanitizer or valgrind.";
  return {
      {&cycles,
       Stage::Unload,
       kCycleFactor,
       {{"lifecycle.cycles", "it can be loaded and unloaded a hundred times",
         "Leave no thread, thread-local destructor or UNIQUE symbol behind."},
        {"lifecycle.memory", "loading and unloading leaks no memory", leak},
        {"lifecycle.descriptors", "loading and unloading leaks no descriptors", "Close files in shutdown."},
        {"lifecycle.threads", "loading and unloading leaks no threads", "Join threads in shutdown."},
        {"lifecycle.mappings", "loading and unloading leaks no mappings",
         "munmap in shutdown what you mapped."}},
       Verdict::Fail,
       /*counts_heap=*/true},
      {&instances,
       Stage::Create,
       2,
       {{"lifecycle.instances", "creating and destroying encoders leaks no memory", leak}},
       Verdict::Fail,
       /*counts_heap=*/true},
      {&encodes,
       Stage::Encode,
       2,
       {{"lifecycle.encodes", "encoding leaks no memory", leak}},
       Verdict::Fail,
       /*counts_heap=*/true},
      {&side_by_side,
       Stage::Unload,
       2,
       {{"lifecycle.upgrade", "a new copy runs before the old one is gone, again and again",
         "Avoid static thread-local storage (-ftls-model=initial-exec): the loader has little of it, and it "
         "is never "
         "given back."}}},
  };
}

}  // namespace lateral::conformance
