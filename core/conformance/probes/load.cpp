// One plain life, from dlopen to the proof that it is gone. Every other probe relies on it.

#include <chrono>

#include "core/conformance/encode_call.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

constexpr double kConstructorBudgetMs = 100;

double milliseconds_since(std::uint64_t begin_ns) {
  return static_cast<double>(monotonic_ns() - begin_ns) / 1e6;
}

void map(Subject& subject, Probe& probe) {
  probe.begin("load.map");
  const auto begin = monotonic_ns();
  subject.open();
  const double ms = milliseconds_since(begin);
  probe.pass("load.map");
  if (ms > kConstructorBudgetMs) {
    probe.warn("load.constructors",
               detail::concat("loading took ", ms, " ms; nothing else can be loaded meanwhile"));
  } else {
    probe.pass("load.constructors");
  }
  probe.begin("load.entry");
  subject.call("its entry, called again", [&] {
    if (subject.entry()(subject.host().table()) == nullptr) breach("the entry refuses a second call");
  });
  probe.pass("load.entry");
}

/// The shapes that any encoder must take, with whatever numbers; false when it refuses these numbers.
void encode(Subject& subject, Probe& probe, const plugin::EncoderSpec& spec, std::uint64_t handle) {
  const Sample sample = make_sample(spec, probe.settings().seed);
  EncodeCall call(spec, sample);
  probe.begin("load.encode");
  const Answer answer = call.run(subject, handle);
  if (answer.status < 0 || answer.status > LAT_UNAUTHENTICATED) {
    breach("encode or plan returns ", answer.status, ", which is no status of lateral/plugin.h");
  }
  if (!answer.ok()) {
    probe.warn("load.encode", spec.name + " refuses the " + sample.name + " made-up sample (" +
                                  answer.described() + "), so what it gives cannot be judged");
    return;
  }
  call.check_counts();
  probe.pass("load.encode");
}

void live(Subject& subject, Probe& probe) {
  map(subject, probe);
  probe.begin("load.init");
  subject.init();
  probe.pass("load.init");
  probe.begin("load.describe");
  const auto& specs = subject.describe();
  probe.pass("load.describe");
  for (std::uint32_t i = 0; i < specs.size(); ++i) {
    probe.begin("load.create");
    const auto handle = subject.create(i);
    if (i + 1 == specs.size()) probe.pass("load.create");
    encode(subject, probe, specs[i], handle);
    probe.begin("load.destroy");
    if (const auto answer = subject.destroy(handle); !answer.ok())
      breach("destroy failed with ", answer.described());
  }
  probe.pass("load.destroy");
  probe.begin("load.shutdown");
  if (const auto answer = subject.shutdown(); !answer.ok())
    breach("shutdown failed with ", answer.described());
  probe.pass("load.shutdown");
}

/// Threads that run code of the library would crash when it is unmapped.
bool threads_ended() {
  for (int i = 0; i < 40; ++i) {
    if (thread_count() == 1) return true;
    ::usleep(5'000);
  }
  return false;
}

void load(Probe& probe) {
  Subject subject(probe);
  on_plugin_thread([&] { live(subject, probe); });
  probe.begin("load.threads");
  subject.host().withdraw();
  subject.host().release_threads();
  if (!threads_ended()) {
    breach(thread_count() - 1, " of its threads still run after shutdown; unmapping it would crash them");
  }
  probe.pass("load.threads");
  probe.begin("load.unload");
  const auto removal = subject.close();
  const bool resident = (subject.note().flags & LAT_PLUGIN_RESIDENT) != 0;
  if (removal.unmapped) {
    probe.pass("load.unload");
  } else if (resident) {
    probe.pass("load.unload", "stays mapped, as it declares: " + removal.reason);
  } else {
    probe.warn("load.unload", "it cannot be unloaded in the host's process: " + removal.reason);
  }
}

}  // namespace

std::vector<ProbeInfo> load_probes() {
  return {
      {&load,
       Stage::None,
       1,
       {
           {"load.map", "it can be mapped, and its table agrees with its ELF note",
            "Build it with lateral_add_plugin(), which resolves every symbol at link time; let LAT_NOTE and "
            "the "
            "table say the same."},
           {"load.constructors", "its static constructors take less than 100 ms",
            "Move work from static constructors into init: the loader's lock is held meanwhile."},
           {"load.entry", "its entry answers at once, again and again",
            "The entry must only store the host's table and return its own: no thread, no allocation."},
           {"load.init", "init succeeds",
            "Look at the text of init; a plugin that needs options is checked with --option KEY=VALUE."},
           {"load.describe", "its encoders are described as the host demands",
            "Correct what encoder_info declares; lateral/plugin.h has the rules."},
           {"load.create", "every encoder can be created",
            "create(index, no options) must work with the options that init had."},
           {"load.encode", "every encoder takes a made-up sample and gives tokens",
            "Encode whatever bytes have the declared shape; a plan gives 1 to max_tokens, encode 1 to the "
            "plan."},
           {"load.destroy", "every encoder can be destroyed",
            "destroy must not throw and must return LAT_OK."},
           {"load.shutdown", "shutdown succeeds", "shutdown frees everything and returns LAT_OK."},
           {"load.threads", "no thread of its own is left after shutdown", "Join your threads in shutdown."},
           {"load.unload", "it is provably unmapped after dlclose",
            "Build it with lateral_add_plugin(): one exported symbol, no UNIQUE symbols. Else declare "
            "LAT_PLUGIN_RESIDENT, or run it in a worker process."},
       }}};
}

}  // namespace lateral::conformance
