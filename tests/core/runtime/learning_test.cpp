#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/file.hpp"
#include "core/runtime/runtime.hpp"
#include "tests/core/runtime/tiny_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::runtime;

namespace {

constexpr std::string_view kQuestion = "what is here";

/// Every token is read by itself, also where moments are named.
enum class TokenByToken : bool {};

std::string adapt_section(int steps, TokenByToken token_by_token) {
  return "[adapt]\nmax_steps = " + std::to_string(steps) +
         "\nsummary = " + (token_by_token == TokenByToken{true} ? "false" : "true") +
         "\nteach_steps = 300\nbatch = 32\naligner_rate = 1e-2\naligner_hidden = 32\ntoken_dropout = 0.0\n";
}

/// A host with both plugins loaded and nothing attached.
struct School {
  test::TinyWorld world;
  Runtime runtime;

  explicit School(int steps = 300, const std::string& rest = {}, TokenByToken token_by_token = {})
      : runtime(world.config(rest + adapt_section(steps, token_by_token) + test::connection("template") +
                             test::connection("faulty"))) {
    runtime.load("template");
    runtime.load("faulty");
  }
  AdaptRequest lesson(const std::filesystem::path& data, const std::string& plugin = "template") const {
    AdaptRequest request;
    request.plugin = plugin;
    request.recordings = runtime.recordings(data);
    return request;
  }
  std::string file(const std::string& name) const {
    return std::filesystem::exists(world / name) ? read_text(world / name, 1U << 24U) : "none";
  }
  Score score(const std::filesystem::path& data, Control control = Control::None) {
    EvaluateRequest request;
    request.recordings = runtime.recordings(data);
    request.control = control;
    return runtime.evaluate(request).all;
  }
};

/// A host whose "template" has an adapter, so that it can teach "faulty".
struct Tutor {
  test::TinyWorld world;
  Runtime runtime;

  explicit Tutor(const std::string& adapt = {}) : runtime(configured(world, adapt)) {
    runtime.load("template");
    runtime.load("faulty");
  }
  AdaptRequest lesson(int moments) const {
    AdaptRequest request;
    request.plugin = "faulty";
    request.teacher = "template";
    request.recordings = runtime.recordings(world.write_data("data", {.train = moments, .test = 0}));
    request.force = true;
    request.save = false;
    return request;
  }

 private:
  static config::Config configured(const test::TinyWorld& world, const std::string& adapt) {
    world.write_adapter("template.safetensors");
    return world.config("[adapt]\nteach_steps = 5\n" + adapt + test::connection("template") +
                        test::connection("faulty"));
  }
};

/// Does `before` whenever the plugin's data of a moment are read.
void before_reading(AdaptRequest& request, const std::string& plugin, const std::function<void()>& before) {
  for (auto& moment : request.recordings) {
    auto& read = moment.senses.at(plugin);
    read = [before, read] {
      before();
      return read();
    };
  }
}

}  // namespace

TEST_CASE("adapting what cannot be learned is refused before any step") {
  School school;
  const auto data = school.world.write_data("data", {.train = 8, .test = 4});
  const auto refusal = [&](const AdaptRequest& request) {
    return test::thrown_by([&] { school.runtime.adapt(request); });
  };
  CHECK(refusal(school.lesson(data, "camera")).code == Errc::NotFound);
  auto unlabelled = school.lesson(data);
  for (auto& moment : unlabelled.recordings) moment.questions.clear();
  CHECK(refusal(unlabelled).mentions("no question with an answer"));
  auto taught = school.lesson(data, "faulty");
  taught.teacher = "template";
  CHECK(refusal(taught).mentions("train one: lateral adapt"));  // the teacher itself knows nothing yet
  taught.teacher = "camera";
  CHECK(refusal(taught).code == Errc::NotFound);
  CHECK(school.file("template.safetensors") == "none");

  const test::TinyWorld world;
  Runtime nowhere(world.config("[[connection]]\nplugin = \"template\"\n"));
  nowhere.load("template");
  AdaptRequest request;
  request.plugin = "template";
  CHECK(test::thrown_by([&] { nowhere.adapt(request); }).mentions("no adapter = \"FILE\""));
}

TEST_CASE(
    "a connection learned from labels answers, is kept in its file, and is exchanged back by a rollback") {
  School school;
  const auto data = school.world.write_data("data");
  const auto text_only = school.runtime.ask(kQuestion);
  std::vector<WorkProgress> seen;
  auto request = school.lesson(data);
  request.progress = [&](const WorkProgress& progress) { seen.push_back(progress); };
  const auto first = school.runtime.adapt(request);
  INFO(first.verdict);
  CHECK(first.connection == "template");
  CHECK(first.attached);
  CHECK(first.adapter == school.world / "template.safetensors");
  CHECK(first.steps > 0);
  CHECK(first.measures.at("accuracy") > first.measures.at("blind"));
  REQUIRE_FALSE(seen.empty());
  CHECK(seen.front().phase == "encode");
  CHECK(seen.front().steps == 100);
  CHECK_FALSE(std::filesystem::exists(school.world / "template.safetensors.checkpoint"));
  CHECK(school.file("template.safetensors.previous") == "none");
  CHECK(school.runtime.attached() == std::vector<std::string>{"template"});

  SECTION("held-out questions are answered by what is seen, not by the controls") {
    EvaluateRequest exam;
    exam.recordings = school.runtime.recordings(data);
    const auto marks = school.runtime.evaluate(exam);
    CHECK(marks.all.questions == 24);
    // Asking gives what evaluating gives.
    std::size_t next = 0;
    for (const auto& moment : exam.recordings) {
      if (moment.split != exam.split) continue;
      AskOptions options;
      options.inputs.emplace()["template"] = moment.senses.at("template")();
      for (const auto& question : moment.questions) {
        INFO(moment.id << " " << question.text << " " << question.answer);
        CHECK(school.runtime.ask(question.text, options).text == marks.answers[next++]);
      }
    }
    CHECK(marks.all.accuracy > 0.7);
    CHECK(marks.all.low <= marks.all.accuracy);
    CHECK(marks.all.high >= marks.all.accuracy);
    CHECK(marks.by_type.size() == 2);
    CHECK(marks.answers.size() == 24);
    CHECK(marks.answers[0] == "zero");
    CHECK(marks.majority.accuracy == Catch::Approx(0.25));
    CHECK(school.score(data, Control::Nothing).accuracy < 0.5);
    CHECK(school.score(data, Control::Shuffled).accuracy < 0.6);
    exam.split = "val";
    CHECK(test::thrown_by([&] { school.runtime.evaluate(exam); }).mentions("split \"val\""));
  }
  SECTION("a rollback exchanges adapter and file with the ones before, again and again") {
    CHECK(test::thrown_by([&] { school.runtime.rollback("template"); }).code == Errc::FailedPrecondition);
    school.runtime.set_input("template", test::readings({0.4F, 0.4F, 0.4F}));
    const auto old_answer = school.runtime.ask(kQuestion);
    const auto old_file = school.file("template.safetensors");
    // Another day: the classes are where others were.
    auto lesson = school.lesson(data);
    for (auto& moment : lesson.recordings) {
      for (auto& question : moment.questions)
        question.answer = question.answer == "two"     ? "three"
                          : question.answer == "three" ? "two"
                                                       : question.answer;
    }
    const auto second = school.runtime.adapt(lesson);
    INFO(second.verdict);
    REQUIRE(second.attached);
    const auto new_answer = school.runtime.ask(kQuestion);
    const auto new_file = school.file("template.safetensors");
    CHECK(new_answer.logits != old_answer.logits);
    CHECK(new_file != old_file);
    CHECK(school.file("template.safetensors.previous") == old_file);
    for (int i = 0; i < 2; ++i) {
      school.runtime.rollback("template");
      CHECK(school.file("template.safetensors") == old_file);
      CHECK(school.file("template.safetensors.previous") == new_file);
      CHECK(school.runtime.ask(kQuestion).logits == old_answer.logits);
      school.runtime.rollback("template");
      CHECK(school.file("template.safetensors") == new_file);
      CHECK(school.runtime.ask(kQuestion).logits == new_answer.logits);
    }
  }
  SECTION("a host that starts later finds it") {
    Runtime later(school.world.config(test::connection("template")));
    CHECK(later.load("template").attached == std::vector<std::string>{"template"});
    later.set_input("template", test::readings({0.4F}));
    school.runtime.set_input("template", test::readings({0.4F}));
    CHECK(later.ask(kQuestion).logits == school.runtime.ask(kQuestion).logits);
  }
  SECTION("unloading it leaves the text-only answers") {
    school.runtime.unload("template");
    CHECK(school.runtime.ask(kQuestion).logits == text_only.logits);
    CHECK(test::thrown_by([&] { school.runtime.rollback("template"); }).code == Errc::NotFound);
  }
}

TEST_CASE("an old sense teaches a new one, which then answers for it") {
  School school(300, "", TokenByToken{true});
  const auto data = school.world.write_data("data");
  REQUIRE(school.runtime.adapt(school.lesson(data)).attached);
  auto lesson = school.lesson(data, "faulty");
  lesson.teacher = "template";
  lesson.force = true;  // so small a world gives too few answers to be sure of; what counts here is the way
  for (auto& moment : lesson.recordings) {
    for (auto& question : moment.questions) question.answer.clear();
  }
  const auto taught = school.runtime.adapt(lesson);
  INFO(taught.verdict);
  CHECK(taught.attached);
  CHECK(taught.adapter == school.world / "faulty.safetensors");
  CHECK(taught.measures.at("explained") > 0.8);
  CHECK(taught.measures.at("explained") > taught.measures.at("explained_mispaired") + 0.2);
  school.runtime.wire({"faulty"});
  CHECK(school.score(data).accuracy > 0.4);
}

TEST_CASE("eight moments are enough to be taught; with nothing kept back to judge by, the key is named") {
  Tutor tutor;
  CHECK(tutor.runtime.adapt(tutor.lesson(8)).samples == 6);
  Tutor careless("held_out_share = 0\n");
  CHECK(
      test::thrown_by([&] { careless.runtime.adapt(careless.lesson(8)); }).mentions("adapt.held_out_share"));
}

TEST_CASE("teaching asks the questions of its own recordings, also after others were asked") {
  Tutor tutor;
  auto lesson = tutor.lesson(8);
  const auto makes_a_bank = [&] {
    bool made = false;
    lesson.progress = [&](const WorkProgress& progress) { made = made || progress.phase == "query bank"; };
    tutor.runtime.adapt(lesson);
    return made;
  };
  CHECK(makes_a_bank());
  CHECK_FALSE(makes_a_bank());
  for (auto& moment : lesson.recordings) moment.questions.front().text = "what is the thing";
  CHECK(makes_a_bank());
}

TEST_CASE("questions about moments that the sense did not record are left out and counted") {
  School school(10, "", TokenByToken{true});
  auto lesson = school.lesson(school.world.write_data("data", {.train = 20, .test = 0}));
  lesson.force = true;
  lesson.save = false;
  for (std::size_t i = 5; i < 20; ++i) lesson.recordings[i].senses.erase("template");
  const auto result = school.runtime.adapt(lesson);
  INFO(result.verdict);
  CHECK(result.samples == 8);  // two more are held out
  CHECK(result.verdict.find("left out: 30 questions") != std::string::npos);
  for (auto& moment : lesson.recordings) moment.senses.erase("template");
  CHECK(test::thrown_by([&] { school.runtime.adapt(lesson); }).mentions("data of plugin template"));
}

TEST_CASE("encoding for an adaptation stops at the moment at which it is cancelled") {
  int read = 0;
  const auto cancel_at_third = [&](AdaptRequest& lesson, const std::string& plugin) {
    read = 0;
    before_reading(lesson, plugin, [&read, cancel = lesson.cancel] {
      if (++read == 3) cancel.cancel();
    });
  };
  SECTION("from labels") {
    School school;
    auto lesson = school.lesson(school.world.write_data("data", {.train = 20, .test = 0}));
    cancel_at_third(lesson, "template");
    CHECK(test::code_of([&] { school.runtime.adapt(lesson); }) == Errc::Cancelled);
  }
  SECTION("from an older sense") {
    Tutor tutor;
    auto lesson = tutor.lesson(20);
    cancel_at_third(lesson, "faulty");
    CHECK(test::code_of([&] { tutor.runtime.adapt(lesson); }) == Errc::Cancelled);
  }
  CHECK(read == 3);
}

TEST_CASE("the budget of an adaptation pays for encoding, too") {
  School school(0);
  auto lesson = school.lesson(school.world.write_data("data", {.train = 40, .test = 0}));
  before_reading(lesson, "template", [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
  lesson.budget_seconds = 0.5;
  CHECK(school.runtime.adapt(lesson).steps == 1);
}

TEST_CASE("what failed its check is neither attached nor written, unless that is forced") {
  School school(20);
  const auto data = school.world.write_data("blind", {.train = 40, .test = 4, .blind = true});
  auto lesson = school.lesson(data);
  const auto failed = school.runtime.adapt(lesson);
  INFO(failed.verdict);
  CHECK_FALSE(failed.attached);
  CHECK(failed.adapter.empty());
  CHECK(failed.verdict.find("nothing was learned") != std::string::npos);
  CHECK(school.file("template.safetensors") == "none");
  CHECK(school.runtime.attached().empty());

  lesson.force = true;
  lesson.save = false;
  const auto forced = school.runtime.adapt(lesson);
  CHECK(forced.attached);
  CHECK(forced.adapter.empty());
  CHECK(school.file("template.safetensors") == "none");
  CHECK(school.runtime.attached() == std::vector<std::string>{"template"});

  lesson.save = true;
  CHECK(school.runtime.adapt(lesson).adapter == school.world / "template.safetensors");
  CHECK(school.file("template.safetensors") != "none");
}

TEST_CASE("only one adaptation runs at a time, answers go on beside it, and cancelling it changes nothing") {
  School school(100'000);
  const auto data = school.world.write_data("data");
  school.runtime.set_input("template", test::readings({1}));
  const auto before = school.runtime.ask(kQuestion);
  auto lesson = school.lesson(data);
  std::atomic<bool> begun{false};
  lesson.progress = [&](const WorkProgress& progress) {
    begun = progress.phase == "adapt" && progress.step >= 20;
  };
  Errc ended = Errc::Internal;
  std::thread learning([&] { ended = test::code_of([&] { school.runtime.adapt(lesson); }); });
  while (!begun) std::this_thread::yield();

  auto other = school.lesson(data, "faulty");
  const auto refused = test::thrown_by([&] { school.runtime.adapt(other); });
  CHECK(refused.code == Errc::FailedPrecondition);
  CHECK(refused.mentions("another adaptation"));
  CHECK(school.runtime.ask(kQuestion).logits == before.logits);
  lesson.cancel.cancel();
  learning.join();
  CHECK(ended == Errc::Cancelled);
  CHECK(school.runtime.attached().empty());
  CHECK(school.file("template.safetensors") == "none");
  CHECK(school.file("template.safetensors.checkpoint") != "none");  // it can be resumed
}

TEST_CASE("a sense that is unloaded while it learns is not attached afterwards") {
  School school(30);
  const auto data = school.world.write_data("data", {.train = 40, .test = 4});
  auto lesson = school.lesson(data);
  lesson.force = true;
  std::once_flag once;
  lesson.progress = [&](const WorkProgress&) {
    std::call_once(once, [&] { school.runtime.unload("template"); });
  };
  const auto error = test::thrown_by([&] { school.runtime.adapt(lesson); });
  CHECK((error.code == Errc::NotFound || error.code == Errc::FailedPrecondition));
  CHECK(school.runtime.attached().empty());
  CHECK(school.file("template.safetensors") == "none");
}

TEST_CASE("evaluating nothing is refused") {
  School school;
  EvaluateRequest request;
  CHECK(test::thrown_by([&] { school.runtime.evaluate(request); }).mentions("no question with an answer"));
}
