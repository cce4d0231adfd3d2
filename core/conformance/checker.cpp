#include "core/conformance/checker.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/error.hpp"
#include "core/conformance/board.hpp"
#include "core/conformance/catalogue.hpp"
#include "core/conformance/child.hpp"
#include "core/conformance/libtorch.hpp"
#include "core/conformance/static_checks.hpp"

namespace lateral::conformance {
namespace {

/// The tests of `load` that a probe of each stage needs to have passed.
struct Need {
  Stage stage;
  std::string_view test;
};
constexpr Need kNeeds[] = {{Stage::Entry, "load.map"},      {Stage::Entry, "load.entry"},
                           {Stage::Init, "load.init"},      {Stage::Init, "load.describe"},
                           {Stage::Create, "load.create"},  {Stage::Encode, "load.encode"},
                           {Stage::Unload, "load.destroy"}, {Stage::Unload, "load.shutdown"},
                           {Stage::Unload, "load.threads"}, {Stage::Unload, "load.unload"}};

/// What mapping libtorch may take beside the plugin's own time; a third of a second on an idle machine.
constexpr std::chrono::milliseconds kMapping{20'000}, kNothing{0};

class Check {
 public:
  Check(const Settings& settings, const std::filesystem::path& program)
      : settings_(settings), program_(program) {}

  Report run() {
    for (const auto& wanted : settings_.only) {
      if (!names_tests(wanted))
        fail(Errc::InvalidArgument, "check", "no test or group is named \"", wanted, "\"");
    }
    const auto libtorch = find_libtorch(settings_.libtorch);
    const auto verdict = check_static(settings_, libtorch);
    // A child maps the one that is named.
    settings_.libtorch = verdict.shares_libtorch ? libtorch : std::filesystem::path();
    report_.plugin_id = verdict.plugin_id;
    report_.version = verdict.version;
    for (const auto& finding : verdict.findings) findings_[finding.id] = finding;
    if (!verdict.runnable) {
      collect("the file cannot be loaded");
    } else if (!verdict.absent_libtorch.empty()) {
      report_.obstacle =
          "it computes with its host's libtorch (" + verdict.absent_libtorch.front() +
          "), which was not found here; name its folder with --libtorch DIR or LATERAL_TORCH, or "
          "run `lateral plugin check`, which has one";
      collect("libtorch was not found");
    } else {
      run_probes();
      collect("the plugin did not come this far");
    }
    return std::move(report_);
  }

 private:
  void run_probes() {
    for (std::size_t i = 0; i < probes().size(); ++i) {
      const auto& probe = probes()[i];
      const bool wanted = std::any_of(probe.tests.begin(), probe.tests.end(),
                                      [&](const auto& t) { return settings_.wants(t.id); });
      if (!wanted) continue;
      if (const auto obstacle = obstacle_to(probe); !obstacle.empty()) {
        for (const auto& test : probe.tests) put({std::string(test.id), Verdict::Skip, obstacle});
      } else {
        run_one(i, probe);
      }
    }
  }

  /// Why a probe makes no sense; empty when it does, or when `load` was not wanted and nothing is known.
  std::string obstacle_to(const ProbeInfo& probe) const {
    for (const auto& [stage, test] : kNeeds) {
      const auto found = findings_.find(std::string(test));
      if (stage > probe.needs || found == findings_.end()) continue;
      const bool refused =
          test == "load.encode" && found->second.verdict == Verdict::Warn && probe.needs == Stage::Encode;
      if (found->second.verdict == Verdict::Fail || found->second.verdict == Verdict::Skip || refused) {
        return std::string(test) + " did not pass";
      }
    }
    return {};
  }

  void run_one(std::size_t index, const ProbeInfo& probe) {
    const Board board;
    std::vector<std::string> arguments{kChildFlag, std::to_string(index)};
    for (auto& argument : settings_.arguments()) arguments.push_back(std::move(argument));
    const auto limit =
        settings_.timeout * probe.time_factor + (settings_.libtorch.empty() ? kNothing : kMapping);
    const auto outcome = run_child(program_, arguments, board, limit,
                                   probe.counts_heap ? ChildHeap::Exact : ChildHeap::AsUsual);
    for (const auto& finding : board.findings()) put(finding);
    for (const auto& [name, value] : board.figures()) report_.figures[name] = value;
    if (!outcome.clean()) {
      put({board.test(), probe.when_broken, "it " + describe_end(outcome, board)});
    } else {
      for (const auto& test : probe.tests)
        findings_.try_emplace(std::string(test.id), Finding{std::string(test.id), Verdict::Pass, {}});
    }
    judge_output(probe, outcome);
  }

  /// The standard streams are the host's. Only the parent sees what a whole life wrote there.
  void judge_output(const ProbeInfo& probe, const ChildOutcome& outcome) {
    constexpr std::string_view kTest = "environment.output";
    const bool here =
        std::any_of(probe.tests.begin(), probe.tests.end(), [&](const auto& t) { return t.id == kTest; });
    if (!here || !outcome.clean()) return;
    const auto beginning = [](const std::string& text) {
      return "\"" + text.substr(0, std::min<std::size_t>(60, text.find('\n'))) + "\"";
    };
    if (!outcome.output.empty()) {
      put({std::string(kTest), Verdict::Fail, "it wrote to standard output: " + beginning(outcome.output)});
    } else if (!outcome.errors.empty()) {
      put({std::string(kTest), Verdict::Warn, "it wrote to standard error: " + beginning(outcome.errors)});
    }
  }

  /// The worse of two findings of one test stays.
  void put(const Finding& finding) {
    const auto [place, added] = findings_.try_emplace(finding.id, finding);
    const auto rank = [](Verdict verdict) {
      return verdict == Verdict::Fail ? 3 : verdict == Verdict::Warn ? 2 : verdict == Verdict::Skip ? 1 : 0;
    };
    if (!added && rank(finding.verdict) > rank(place->second.verdict)) place->second = finding;
  }

  /// All that was wanted, in the order of the catalogue, with reasons where none was given.
  void collect(const std::string& why_not) {
    const auto take = [&](const TestInfo& test) {
      if (!settings_.wants(test.id)) return;
      const auto found = findings_.find(std::string(test.id));
      Finding finding =
          found == findings_.end() ? Finding{std::string(test.id), Verdict::Skip, why_not} : found->second;
      if (finding.reason.empty()) finding.reason = test.promise;
      report_.findings.push_back(std::move(finding));
    };
    for (const auto& test : static_tests()) take(test);
    for (const auto& probe : probes()) {
      for (const auto& test : probe.tests) take(test);
    }
  }

  Settings settings_;
  const std::filesystem::path& program_;
  Report report_;
  std::map<std::string, Finding> findings_;
};

}  // namespace

Report check(const Settings& settings, const std::filesystem::path& program) {
  return Check(settings, program).run();
}

}  // namespace lateral::conformance
