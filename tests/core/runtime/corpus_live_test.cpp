// The whole bad-plugin corpus against a host that answers questions all the time. Whatever a case does, answers that see
// the good plugin have the tokens of a quiet host, and nothing of the case is left.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "core/base/log.hpp"
#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/corpus_cases.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/holdings.hpp"

using namespace lateral;
using namespace lateral::runtime;
using namespace std::chrono_literals;
using test::CorpusCase;

namespace {

constexpr const char* kQuestion = "what is here";
constexpr std::int64_t kTokens = 8;
constexpr auto kPatience = 5s;  // until a case that must be quarantined is

struct Silence {
  Silence() { log::set_level(log::Level::Off); }
  ~Silence() { log::set_level(level); }
  log::Level level = log::level();
};

/// What the encoders of case.c or throws.cpp see.
SensorData input_of(const CorpusCase& one) {
  const std::array<float, 6> numbers{0.5F, 1, 2, 3, 4, 5};
  const auto bytes = std::as_bytes(std::span(numbers));
  SensorInput input{.name = "readings",
                    .kind = plugin::InputKind::Table,
                    .shape = {3, 2},
                    .bytes = {bytes.begin(), bytes.end()},
                    .columns = {"a", "b"},
                    .rate_hz = 0};
  if (one.is_cpp()) input = {.name = "bytes", .shape = {24}, .bytes = input.bytes, .columns = {}};
  return {.id = {}, .inputs = {std::move(input)}};
}

AskOptions seeing(const CorpusCase* one = nullptr) {
  AskOptions options;
  options.min_new_tokens = kTokens;
  options.inputs.emplace()["template"] = test::readings({0.5F, 1, 2});
  if (one != nullptr) options.inputs->emplace(one->name, input_of(*one));
  return options;
}

/// Cases that must be refused or quarantined get little time; the others get plenty, so that a busy machine changes no
/// verdict.
std::string configuration(const std::vector<CorpusCase>& cases, const std::string& isolation) {
  std::string text = test::connection("template");
  for (const auto& one : cases) {
    const auto& expected = one.expected(isolation);
    const bool hurry = expected == "refused" || expected == "quarantined";
    const char* const adapter = one.is_cpp() ? "throws" : "corpus";
    text += "[plugin." + one.name + "]\nisolation = \"" + isolation + "\"\nmemory_limit = \"256MiB\"\n" +
            "load_timeout = " + (hurry ? "2" : "30") + "\ncall_timeout = " + (hurry ? "0.3" : "5") + "\n" +
            "[[connection]]\nplugin = \"" + one.name + "\"\nblocks = \"last:2\"\nadapter = \"" + adapter +
            ".safetensors\"\n";
  }
  return text;
}

/// A host with the good plugin attached.
struct Scene {
  test::TinyWorld world;
  std::string isolation;
  std::unique_ptr<Runtime> runtime;
  Answer quiet;

  Scene(const std::vector<CorpusCase>& cases, const std::string& where) : isolation(where) {
    world.isolation = where;
    world.write_adapter("template.safetensors");
    world.write_adapter("corpus.safetensors",
                        {.plugin = "corpus", .token_space = "corpus-1", .width = 4, .base_model = {}});
    world.write_adapter("throws.safetensors",
                        {.plugin = "throws", .token_space = "throws-1", .width = 1, .base_model = {}});
    runtime = std::make_unique<Runtime>(world.config(configuration(cases, where)));
    runtime->load("template");
    quiet = runtime->ask(kQuestion, seeing());
    REQUIRE(quiet.senses == std::vector<std::string>{"template"});
    REQUIRE(quiet.ids.size() == static_cast<std::size_t>(kTokens));
  }
  /// How `answer` differs from the quiet one; "" = not at all.
  std::string disturbance(const Answer& answer) const {
    std::string text;
    if (answer.senses != quiet.senses) text += " other senses";
    if (answer.ids != quiet.ids) text += " other ids";
    if (answer.logits != quiet.logits) text += " other logits";
    for (const auto& [connection, reason] : answer.missing)
      text += text.empty() ? "" : " (" + connection + ": " + reason + ")";
    return text.empty() ? "" : text + "; ";
  }
};

/// Questions without end: one thread sees the good plugin alone, the other also the case of the moment.
class Load {
 public:
  explicit Load(const Scene& scene) : scene_(scene) {
    threads_[0] = std::thread([this] { ask(false); });
    threads_[1] = std::thread([this] { ask(true); });
  }
  ~Load() { end(); }
  void show(const CorpusCase* one) { case_ = one; }
  void end() {
    over_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  long answers() const { return answers_; }
  /// What went wrong, since the last call.
  std::string complaints() {
    const std::lock_guard lock(mutex_);
    return std::exchange(complaints_, {});
  }

 private:
  void ask(bool also_case) {
    for (; !over_; ++answers_) {
      const CorpusCase* const one = also_case ? case_.load() : nullptr;
      try {
        const Answer answer = scene_.runtime->ask(kQuestion, seeing(one));
        const bool with_case = one != nullptr && answer.senses.size() == 2;
        if (!with_case) complain(scene_.disturbance(answer));
        const auto& senses = answer.senses;
        if (with_case && std::find(senses.begin(), senses.end(), "template") == senses.end())
          complain("the good plugin is missing");
      } catch (const std::exception& error) {
        complain(error.what());
      }
    }
  }
  void complain(const std::string& text) {
    if (text.empty()) return;
    const std::lock_guard lock(mutex_);
    complaints_ += "under load:" + text;
  }

  const Scene& scene_;
  std::atomic<const CorpusCase*> case_{nullptr};
  std::atomic<bool> over_{false};
  std::atomic<long> answers_{0};
  std::mutex mutex_;
  std::string complaints_;
  std::array<std::thread, 2> threads_;
};

/// An answer that is held at its first token until it is let go.
class Flying {
 public:
  explicit Flying(Runtime& runtime) {
    auto options = seeing();
    options.on_text = [this, begun = false](std::string_view) mutable {
      if (!std::exchange(begun, true)) begun_.set_value();
      gate_.wait();
    };
    answer_ = std::async(std::launch::async, [&runtime, options = std::move(options)] {
      return runtime.ask(kQuestion, options);
    });
    begun_.get_future().wait();
  }
  Answer land() {
    open_.set_value();
    return answer_.get();
  }

 private:
  std::promise<void> begun_, open_;
  std::shared_future<void> gate_ = open_.get_future().share();
  std::future<Answer> answer_;
};

struct Outcome {
  std::string verdict, reason;
  std::string wrong;  ///< beyond the verdict
};

std::string state_of(const Runtime& runtime, const std::string& id) {
  for (const auto& plugin : runtime.status().plugins) {
    if (plugin.id == id) return plugin.state;
  }
  return "not loaded";
}

/// Asks twice what the plugin sees. Says why it was missing; "" = it took part both times.
std::string ask_twice(Scene& scene, const CorpusCase& one, Outcome& outcome) {
  std::string missing;
  for (int i = 0; i < 2; ++i) {
    const Answer answer = scene.runtime->ask(kQuestion, seeing(&one));
    if (answer.senses.size() == 2) continue;
    if (const auto found = scene.disturbance(answer); !found.empty()) outcome.wrong += "without it:" + found;
    if (answer.missing.size() != 1 || answer.missing[0].connection != one.name ||
        answer.missing[0].reason.empty())
      outcome.wrong += "it is not named as missing; ";
    else
      missing = answer.missing[0].reason;
  }
  return missing;
}

void use(Scene& scene, const CorpusCase& one, Outcome& outcome) {
  outcome.reason = ask_twice(scene, one, outcome);
  outcome.verdict = outcome.reason.empty() ? "accepted" : "encode-fails";
  // Another thread's encode may be the one that hangs.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (one.expected(scene.isolation) == "quarantined" && !outcome.reason.empty() &&
         state_of(*scene.runtime, one.name) == "active" && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(10ms);
  if (state_of(*scene.runtime, one.name) == "quarantined") outcome.verdict = "quarantined";
}

void unload(Scene& scene, const CorpusCase& one, Outcome& outcome) {
  const auto result = scene.runtime->unload(one.name);
  if (scene.isolation == "process") {
    if (result.outcome != "unmapped")
      outcome.wrong += "unload: " + result.outcome + ": " + result.reason + "; ";
  } else if (result.outcome != "unmapped" && outcome.verdict != "quarantined") {
    outcome.verdict = result.outcome;
    outcome.reason += result.reason;
  }
}

Outcome live_through(Scene& scene, const CorpusCase& one, const std::filesystem::path& file) {
  Outcome outcome;
  bool loaded = false;
  const long images = test::holdings().images;
  try {
    const auto result = scene.runtime->load(file.string());
    loaded = true;
    if (result.attached.empty()) outcome.wrong += "not attached: " + result.notes.back() + "; ";
    use(scene, one, outcome);
    unload(scene, one, outcome);
  } catch (const Error& error) {
    if (loaded) outcome.wrong += std::string("threw after loading: ") + error.what() + "; ";
    outcome.reason = error.what();
    outcome.verdict = test::holdings().images > images ? "quarantined" : "refused";
  }
  return outcome;
}

/// Code of it may still run, or cannot be unmapped: its thread, its image and its descriptors are kept on purpose.
bool may_stay(const Outcome& outcome) {
  return outcome.verdict == "quarantined" || outcome.verdict == "retired";
}

/// Questions that run still hold what was unloaded.
bool images_return_to(long images) {
  for (int i = 0; i < 500 && test::holdings().images > images; ++i) std::this_thread::sleep_for(10ms);
  return test::holdings().images <= images;
}

Outcome try_case(Scene& scene, Load& load, const CorpusCase& one) {
  Flying flying(*scene.runtime);
  const auto file = test::corpus_file(one, scene.world / "files");
  const auto before = test::holdings();
  load.show(&one);
  Outcome outcome = live_through(scene, one, file);
  load.show(nullptr);
  const auto note = [&](const std::string& where, const std::string& what) {
    if (!what.empty()) outcome.wrong += where + what;
  };
  note("in flight:", scene.disturbance(flying.land()));
  note("afterwards:", scene.disturbance(scene.runtime->ask(kQuestion, seeing())));
  note("", load.complaints());
  if (state_of(*scene.runtime, one.name) != "not loaded") note("", "it is still listed; ");
  if ((scene.isolation == "process" || !may_stay(outcome)) && !images_return_to(before.images))
    note("", "it is still mapped; ");
  return outcome;
}

/// Processes that plugins started have come to this one: those that were killed are forgotten.
void bury_orphans() {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
    // A worker leads its group, and its host must have reaped it; who leads a session was made by a plugin.
    if (::getpgid(info.si_pid) == info.si_pid && ::getsid(info.si_pid) != info.si_pid) return;
    ::waitpid(info.si_pid, nullptr, 0);
  }
}

void run_corpus(const std::string& isolation) {
  const Silence silence;
  test::forbid_rust_backtraces();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto cases = test::corpus_cases();
  REQUIRE(cases.size() > 150);
  Scene scene(cases, isolation);
  {
    Load warm(scene);
    try_case(scene, warm, cases.front());
  }
  const auto before = test::settled(test::holdings());

  std::map<std::string, int> counts;
  std::ostringstream table;
  long stayed = 0;
  bool right = true;
  Load load(scene);
  for (const auto& one : cases) {
    if (one.expected(isolation) == "-") continue;
    const Outcome outcome = try_case(scene, load, one);
    ++counts[outcome.verdict];
    stayed += isolation == "thread" && may_stay(outcome);
    const bool as_expected = one.allows(outcome.verdict, isolation) && outcome.wrong.empty();
    right = right && as_expected;
    table << (as_expected ? "   " : "!! ") << one.name << ": " << outcome.verdict << " (expected "
          << one.expected(isolation) << ") " << outcome.wrong << outcome.reason << '\n';
  }
  load.end();
  std::cout << isolation << ": " << load.answers() << " answers meanwhile";
  for (const auto& [verdict, count] : counts) std::cout << ", " << count << ' ' << verdict;
  const long left_out = test::corpus_cases_left_out();
  if (left_out > 0) std::cout << ", " << left_out << " skipped, no rustc";
  std::cout << '\n';
  INFO(table.str());
  CHECK(right);

  bury_orphans();
  const auto after = test::settled(before);
  CHECK(after.children == before.children);
  CHECK(after.threads <= before.threads + stayed);
  // Its image, and the folder to go back to once the call that hangs returns.
  CHECK(after.descriptors <= before.descriptors + 2 * stayed);
  if (stayed == 0) CHECK(after.images == before.images);
  CHECK(scene.disturbance(scene.runtime->ask(kQuestion, seeing())) == "");
}

}  // namespace

TEST_CASE("no case of the corpus in a process of its own hurts a host that answers", "[process]") {
  run_corpus("process");
}

TEST_CASE("no case of the corpus that cannot crash it hurts a host that answers, in a thread", "[thread]") {
  run_corpus("thread");
}
