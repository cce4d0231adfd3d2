// How long things take. Nothing is judged: the figures are for the author.

#include <algorithm>
#include <vector>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

constexpr int kLives = 9;
constexpr int kEncodes = 51;
constexpr std::uint64_t kEnoughNs = 2'000'000'000;

class Stopwatch {
 public:
  template <typename Body>
  void time(Body&& body) {
    const auto begin = monotonic_ns();
    body();
    ms_.push_back(static_cast<double>(monotonic_ns() - begin) / 1e6);
  }
  double median_ms() {
    if (ms_.empty()) return 0;
    const auto middle = ms_.begin() + static_cast<std::ptrdiff_t>(ms_.size() / 2);
    std::nth_element(ms_.begin(), middle, ms_.end());
    return *middle;
  }

 private:
  std::vector<double> ms_;
};

struct Watches {
  Stopwatch load, init, create, encode, shutdown;
};

void time_encodes(Subject& subject, Watches& watches, std::uint64_t handle) {
  const auto& spec = subject.specs().front();
  const Sample sample = make_sample(spec, subject.probe().settings().seed);
  const auto enough = monotonic_ns() + kEnoughNs;
  for (int i = 0; i < kEncodes && monotonic_ns() < enough; ++i) {
    EncodeCall call(spec, sample);
    if (!call.plan(subject, handle).ok()) return;
    watches.encode.time([&] { call.encode(subject, handle); });
  }
}

void performance(Probe& probe) {
  Watches watches;
  const auto enough = monotonic_ns() + kEnoughNs;
  for (int life = 0; life < kLives && (life == 0 || monotonic_ns() < enough); ++life) {
    Subject subject(probe);
    on_plugin_thread([&] {
      watches.load.time([&] { subject.open(); });
      watches.init.time([&] { subject.init(); });
      subject.describe();
      std::uint64_t handle = 0;
      watches.create.time([&] { handle = subject.create(0); });
      if (life == 0) time_encodes(subject, watches, handle);
      subject.destroy(handle);
      watches.shutdown.time([&] { subject.shutdown(); });
    });
    subject.host().release_threads();
    subject.close();
  }
  probe.figure("load_ms", watches.load.median_ms());
  probe.figure("init_ms", watches.init.median_ms());
  probe.figure("create_ms", watches.create.median_ms());
  probe.figure("encode_ms", watches.encode.median_ms());
  probe.figure("shutdown_ms", watches.shutdown.median_ms());
  probe.board().finish();
  std::_Exit(0);
}

}  // namespace

std::vector<ProbeInfo> performance_probes() {
  return {{&performance,
           Stage::Unload,
           2,
           {{"performance.figures", "its medians were measured; they are not judged", "None."}}}};
}

}  // namespace lateral::conformance
