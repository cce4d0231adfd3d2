// The process belongs to the host: what changes during a life, and what is left after it.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/conformance/census.hpp"
#include "core/conformance/encode_call.hpp"
#include "core/conformance/fault_handler.hpp"
#include "core/conformance/probes/probes.hpp"
#include "core/conformance/sample.hpp"
#include "core/conformance/subject.hpp"
#include "core/plugin/worker/sandbox.hpp"

namespace lateral::conformance {
namespace {

/// Reports the first change of each kind, and when it was seen.
class Watch {
 public:
  Watch(Probe& probe, Manners before) : probe_(probe), before_(std::move(before)) {}

  void look(const char* after) {
    for (const auto& [test, what] : compare(before_, take_manners())) {
      if (seen_.insert(std::string(test)).second) probe_.fail(test, what + ", after " + after);
    }
  }

 private:
  Probe& probe_;
  Manners before_;
  std::set<std::string> seen_;
};

void live(Subject& subject, Probe& probe) {
  Watch watch(probe, take_manners());
  subject.open();
  watch.look("loading");
  subject.init();
  watch.look("init");
  subject.describe();
  for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
    const auto handle = subject.create(i);
    watch.look("create");
    for (const auto& sample : make_samples(subject.specs()[i], probe.settings().seed)) {
      EncodeCall call(subject.specs()[i], sample);
      call.run(subject, handle);
    }
    watch.look("encode");
    subject.destroy(handle);
    watch.look("destroy");
  }
  subject.shutdown();
  watch.look("shutdown");
}

/// The loader's and the kernel's work on ended threads takes a moment.
Belongings settled(std::size_t threads) {
  for (int i = 0; i < 40 && thread_count() > threads; ++i) ::usleep(5'000);
  return take_belongings();
}

/// A descriptor that is the host's, as any process has some: it must be open afterwards.
void open_decoy() {
  ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/// From loading to unloading. The process ends when threads are left, which unmapping would crash.
void whole_life(Probe& probe) {
  const Belongings before = take_belongings();
  Subject subject(probe);
  on_plugin_thread([&] { live(subject, probe); });
  subject.host().release_threads();
  if (const auto left = settled(before.threads); left.threads == before.threads) {
    subject.close();
  } else {
    for (const auto& [test, what] : compare(before, left)) {
      if (test == "environment.threads") probe.fail(test, what);
    }
    probe.board().finish();
    std::_Exit(0);
  }
}

void environment(Probe& probe) {
  open_decoy();
  if (probe.settings().libtorch.empty()) {
    probe.skip("environment.libtorch", "it does not compute with its host's libtorch");
  } else {
    whole_life(probe);  // what libtorch keeps after its first use is not the plugin's
  }
  const Belongings before = take_belongings();
  whole_life(probe);
  for (const auto& [test, what] : compare(before, settled(before.threads)))
    probe.fail(test, what + " after unloading");
}

/// Calls of a host that is gone, also by static destructors.
void after_shutdown(Probe& probe) {
  Subject subject(probe);
  on_plugin_thread([&] {
    subject.start();
    subject.destroy(subject.create(0));
    subject.shutdown();
  });
  subject.host().withdraw();
  probe.phase("the time after shutdown");
  ::usleep(60'000);
  subject.host().release_threads();
  if (settled(1).threads == 1) subject.close();
  if (subject.host().late_calls() > 0) {
    breach("it called the host ", subject.host().late_calls(), " times after shutdown had returned");
  }
  probe.board().finish();
  std::_Exit(0);
}

bool unpacks(const plugin::PluginFacts& facts) {
  return facts.manifest && std::any_of(facts.manifest->options.begin(), facts.manifest->options.end(),
                                       [](const auto& option) { return !option.unpack.empty(); });
}

/// What it may read in a sandbox, as far as the command line tells: its own folder, and paths among its options.
std::vector<std::filesystem::path> readable(const Settings& settings) {
  std::vector<std::filesystem::path> paths{std::filesystem::absolute(settings.file).parent_path()};
  for (const auto& [key, value] : settings.options) {
    if (value.starts_with('/')) paths.emplace_back(value);
  }
  return paths;
}

/// A life in what a worker with `sandbox = true` gives up.
void sandboxed(Probe& probe) {
  constexpr std::string_view kTest = "environment.sandbox";
  static plugin::worker::Word forbidden{0};
  Subject subject(probe);
  if (unpacks(subject.facts())) {
    probe.skip(kTest, "its host unpacks archives for it before it enters a sandbox");
    return;
  }
  probe.phase("entering a sandbox");
  if (const auto lacks = plugin::worker::enter_sandbox(readable(probe.settings()), forbidden);
      !lacks.empty()) {
    probe.skip(kTest, "this kernel lacks " + lacks.front());
  } else {
    watch_forbidden_calls();
    on_plugin_thread([&] {
      subject.start();
      for (std::uint32_t i = 0; i < subject.specs().size(); ++i) {
        const auto handle = subject.create(i);
        const Sample sample = make_sample(subject.specs()[i], probe.settings().seed, Extent::Small);
        EncodeCall call(subject.specs()[i], sample);
        if (const auto answer = call.run(subject, handle); !answer.ok())
          breach("encode failed with ", answer.described());
        subject.destroy(handle);
      }
      subject.shutdown();
    });
  }
  probe.board().finish();
  std::_Exit(0);
}

/// The process ends as processes do: exit handlers, thread keys and static destructors run.
void process_exit(Probe& probe) {
  {
    Subject subject(probe);
    on_plugin_thread([&] {
      subject.start();
      subject.destroy(subject.create(0));
      subject.shutdown();
    });
    subject.host().release_threads();
    if (settled(1).threads == 1) subject.close();
  }
  probe.phase("the process' end, after unloading");
  on_plugin_thread([] {});
  probe.board().finish();
  std::exit(0);
}

}  // namespace

std::vector<ProbeInfo> environment_probes() {
  const std::string_view hands_off =
      "These belong to the process: pass what you need as arguments (uselocale, openat, "
      "posix_spawn attributes), or do it in a process of your own.";
  const std::string_view give_back = "Give back in shutdown what you took in init: close, join, delete.";
  return {
      {&environment,
       Stage::Create,
       2,
       {
           {"environment.locale", "the locale is left alone", hands_off},
           {"environment.folder", "the working directory is left alone", hands_off},
           {"environment.umask", "the umask is left alone", hands_off},
           {"environment.limits", "resource limits are left alone", hands_off},
           {"environment.variables", "environment variables are left alone", hands_off},
           {"environment.signals", "handlers of signals, terminate and new are left alone", hands_off},
           {"environment.mask", "signal masks are left alone", hands_off},
           {"environment.affinity", "the processors of the host's threads are left alone", hands_off},
           {"environment.priority", "the scheduling of the host's threads is left alone", hands_off},
           {"environment.libtorch", "libtorch's threads, default type and modes are left alone",
            "They are the host's, and with them the bits of its answers: use guards (c10::InferenceMode, "
            "c10::NoGradGuard) inside a call, name types, and never call at::set_num_threads."},
           {"environment.descriptors", "no descriptor is left or taken", give_back},
           {"environment.threads", "no thread is left", give_back},
           {"environment.children", "no child process is left", give_back},
           {"environment.timers", "no timer is left", give_back},
           {"environment.keys", "no thread key is left",
            "pthread_key_delete in shutdown: its destructor would be called where the library was."},
           {"environment.libraries", "no library is left loaded", "dlclose in shutdown what you opened."},
           {"environment.output", "nothing is written to the standard streams",
            "Say it with host->log: standard output belongs to answers and JSON."},
       }},
      {&after_shutdown,
       Stage::Create,
       1,
       {{"environment.after-shutdown", "the host is not called after shutdown",
         "Stop what calls the host before shutdown returns; static destructors must not log."}}},
      {&sandboxed,
       Stage::Encode,
       1,
       {{"environment.sandbox", "it works in a sandbox",
         "Read only your own folder and what options of type path name, and leave network, programs and "
         "processes to "
         "others; or tell users that it needs more than `sandbox = true` grants."}},
       Verdict::Warn},
      {&process_exit,
       Stage::Create,
       1,
       {{"environment.exit", "the process can end after the plugin is gone",
         "Leave no exit handler, signal handler, timer or thread key behind that leads into the library."}}},
  };
}

}  // namespace lateral::conformance
