#include "host/demo/story.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "core/base/error.hpp"
#include "host/demo/in_flight.hpp"
#include "host/demo/markup.hpp"
#include "host/demo/moments.hpp"
#include "host/demo/pictures.hpp"

namespace lateral::host::demo {
namespace {

using Clock = std::chrono::steady_clock;
using Recordings = std::vector<runtime::Recording>;

// Series of scenes, far from each other and from those of the recipe (which begin at 0).
constexpr std::uint64_t kTestScenes = 4'000'000, kPairedScenes = 5'000'000, kLabelledScenes = 6'000'000,
                        kKnownScenes = 7'000'000;
// How the stages are told: controls first, and what is beside the story after what it is beside.
constexpr std::array<std::string_view, 8> kOrder{"blind",
                                                 "shuffled",
                                                 "day-camera",
                                                 "night-camera",
                                                 "night-lidar-taught",
                                                 "night-lidar-labels",
                                                 "night-camera-lidar",
                                                 "text-after-unload"};
constexpr int kKnownMoments = 1600;  // whose answers tell the majority answer per question text
constexpr std::size_t kReferenceQuestions = 16;
constexpr int kShowcases = 2;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One telling. Members in the order of the story.
class Teller {
 public:
  Teller(runtime::Runtime& runtime, const StoryOptions& options) : runtime_(runtime), options_(options) {
    report_.seed = options.seed;
    day_ = scenes_of({.first = kTestScenes,
                      .scenes = options.test_scenes,
                      .split = "test",
                      .camera = true,
                      .lidar = true});
    night_ = scenes_of({.first = kTestScenes,
                        .scenes = options.test_scenes,
                        .split = "test",
                        .camera = true,
                        .lidar = true,
                        .night = true});
  }

  Report tell() {
    const auto start = Clock::now();
    before();
    day();
    night();
    // The comparison comes before the story's next step, so that the taught connection is the one that stays.
    labelled();
    taught();
    both();
    after();
    report_.seconds = seconds_since(start);
    return std::move(report_);
  }

 private:
  Recordings scenes_of(MomentOptions wanted) const {
    wanted.seed = options_.seed;
    return moments(wanted);
  }

  void say(const std::string& what) const {
    options_.cancel.check("demo");
    if (options_.on_stage) options_.on_stage(what);
  }

  runtime::Evaluation evaluate(const Recordings& recordings,
                               runtime::Control control = runtime::Control::None) {
    return runtime_.evaluate({.recordings = recordings,
                              .split = "test",
                              .control = control,
                              .seed = options_.seed,
                              .cancel = options_.cancel,
                              .progress = options_.progress});
  }

  void add_stage(std::string id, std::string title, std::string note, const runtime::Evaluation& evaluation) {
    Stage stage{.id = std::move(id),
                .title = std::move(title),
                .note = std::move(note),
                .accuracy = evaluation.all.accuracy,
                .low = evaluation.all.low,
                .high = evaluation.all.high,
                .questions = evaluation.all.questions,
                .by_type = {}};
    for (const auto& score : evaluation.by_type) stage.by_type.emplace_back(score.name, score.accuracy);
    answers_.emplace_back(stage.id, evaluation.answers);
    report_.stages.push_back(std::move(stage));
  }

  void add_event(std::string before_stage, std::string text) {
    report_.events.push_back({std::move(before_stage), std::move(text)});
  }

  runtime::LoadResult load(const std::string& plugin, const std::string& before_stage) {
    auto result = runtime_.load(plugin);
    add_event(before_stage, "load " + plugin + ": " + fixed(result.load_ms, 1) + " ms");
    return result;
  }

  runtime::AdaptResult learn(Recordings recordings, std::optional<std::string> teacher, bool force) {
    return runtime_.adapt({.plugin = "lidar",
                           .recordings = std::move(recordings),
                           .teacher = std::move(teacher),
                           .budget_seconds = {},
                           .force = force,
                           .save = false,
                           .cancel = options_.cancel,
                           .progress = options_.progress});
  }

  /// Ids and last logits of a few questions with nothing attached: what the text-only model is, bit for bit.
  std::vector<std::pair<std::vector<std::int64_t>, std::string>> text_only_answers() {
    std::vector<std::pair<std::vector<std::int64_t>, std::string>> answers;
    for (std::size_t i = 0; i < std::min(kReferenceQuestions, day_.size()); ++i) {
      const auto answer = runtime_.ask(day_[i].questions.front().text);
      answers.emplace_back(answer.ids, answer.logits);
    }
    return answers;
  }

  void before() {
    say("the text-only model, and what can be known without looking");
    reference_ = text_only_answers();
    nothing_ = evaluate(day_);
    Recordings with_known = day_;
    for (auto& known : scenes_of({.first = kKnownScenes, .scenes = kKnownMoments, .split = "train"})) {
      with_known.push_back(std::move(known));
    }
    majority_ = evaluate(with_known).majority;
  }

  void day() {
    load("camera", "day-camera");
    say("day: the camera");
    add_stage("day-camera", "Day: the camera answers", "Its connection was trained beforehand, by day.",
              evaluate(day_));
    say("control: another scene's camera");
    shuffled_ = evaluate(day_, runtime::Control::Shuffled);
  }

  void night() {
    add_event("night-camera", "night falls");
    say("night: the camera");
    add_stage("night-camera", "Night falls: the camera fails",
              "The same scenes and questions, rendered dark and noisy.", evaluate(night_));
  }

  void taught() {
    say("teaching the LiDAR from the camera's day recordings");
    const auto result = learn(scenes_of({.first = kPairedScenes,
                                         .scenes = options_.paired_frames,
                                         .split = "train",
                                         .camera = true,
                                         .lidar = true,
                                         .answers = false}),
                              "camera", false);
    report_.teach_seconds = result.seconds;
    report_.teach_frames = options_.paired_frames;
    if (!result.attached)
      fail(Errc::FailedPrecondition, "demo", "the taught LiDAR failed its check: ", result.verdict);
    add_event("night-lidar-taught", "taught by the camera: " + fixed(result.seconds, 1) + " s");

    say("are running answers left alone?");
    report_.inflight_identical =
        unchanged_in_flight(runtime_, questions_in_flight(), inputs_in_flight(), [this] { swap(); });

    runtime_.wire({"lidar"});
    say("night: the LiDAR, taught");
    add_stage("night-lidar-taught", "A new sense, taught by the old one",
              "No labels: paired day recordings and " + fixed(result.seconds, 1) +
                  " seconds. Held out: explains " + percent(result.measures.at("explained")) +
                  " of what the camera changed.",
              evaluate(night_));
  }

  std::vector<std::string> questions_in_flight() const {
    std::vector<std::string> questions;
    for (const auto& question : day_.front().questions) questions.push_back(question.text);
    return questions;
  }

  std::map<std::string, runtime::SensorData> inputs_in_flight() const {
    std::map<std::string, runtime::SensorData> inputs;
    for (const auto& [plugin, read] : day_.front().senses) inputs.emplace(plugin, read());
    return inputs;
  }

  /// Everything that can happen to a sense beside a running answer.
  void swap() {
    const auto attach_start = Clock::now();
    runtime_.attach("lidar");
    report_.attach_ms = 1e3 * seconds_since(attach_start);
    const auto detach_start = Clock::now();
    runtime_.detach("lidar");
    report_.detach_ms = 1e3 * seconds_since(detach_start);
    runtime_.attach("lidar");
  }

  /// One question a scene: as many labels teach more when they are about different scenes.
  Recordings labelled_scenes(bool constant) const {
    return scenes_of({.first = kLabelledScenes,
                      .scenes = options_.labelled_scenes,
                      .questions = 1,
                      .split = "train",
                      .lidar = true,
                      .night = true,
                      .constant = constant});
  }

  void labelled() {
    load("lidar", "night-lidar-taught");
    say("beside it: the LiDAR from labelled questions");
    const auto result = learn(labelled_scenes(false), std::nullopt, true);
    report_.adapt_seconds = result.seconds;
    report_.adapt_samples = options_.labelled_scenes;
    runtime_.wire({"lidar"});
    add_stage("night-lidar-labels", "Beside it: learned from labels",
              std::to_string(report_.adapt_samples) + " labelled questions instead of an older sense.",
              evaluate(night_));

    say("control: an adapter on constant tokens");
    learn(labelled_scenes(true), std::nullopt, true);
    constant_ = evaluate(scenes_of({.first = kTestScenes,
                                    .scenes = options_.test_scenes,
                                    .split = "test",
                                    .lidar = true,
                                    .constant = true}));
  }

  void both() {
    runtime_.wire({"camera", "lidar"});
    say("night: camera and LiDAR together");
    add_stage("night-camera-lidar", "Both attached at night",
              "A sense that sees nothing must not spoil one that does.", evaluate(night_));
  }

  void after() {
    const auto unloaded = runtime_.unload("camera");
    report_.unload = unloaded.outcome;
    add_event("text-after-unload",
              "unload camera: " + unloaded.outcome + ", " + fixed(unloaded.unload_ms, 1) + " ms");
    runtime_.unload("lidar");
    say("text alone again");
    const auto text = evaluate(day_);
    report_.text_identical = text_only_answers() == reference_ && text.answers == nothing_.answers;
    add_stage("text-after-unload", "Everything unloaded",
              report_.text_identical ? "The text-only model again, bit for bit."
                                     : "NOT the text-only model any more.",
              text);
    add_controls();
    show();
  }

  void add_controls();
  void show();

  runtime::Runtime& runtime_;
  const StoryOptions& options_;
  Report report_;
  Recordings day_, night_;
  std::vector<std::pair<std::vector<std::int64_t>, std::string>> reference_;
  runtime::Evaluation nothing_, shuffled_, constant_;
  runtime::Score majority_;
  std::vector<std::pair<std::string, std::vector<std::string>>>
      answers_;  // stage id -> answers to the test questions
};

void Teller::add_controls() {
  runtime::Evaluation best = nothing_;
  std::string which = "nothing attached";
  if (constant_.all.accuracy > best.all.accuracy) {
    best = constant_;
    which = "an adapter on constant tokens";
  }
  if (majority_.accuracy > best.all.accuracy) {
    best.all = majority_;
    best.by_type.clear();
    which = "the majority answer per question text";
  }
  add_stage("blind", "Control: without looking", "The best of three, here: " + which + ".", best);
  add_stage("shuffled", "Control: another scene",
            "The camera by day shows another scene than the one asked about.", shuffled_);
  const auto place = [](const Stage& stage) {
    return std::find(kOrder.begin(), kOrder.end(), stage.id) - kOrder.begin();
  };
  std::sort(report_.stages.begin(), report_.stages.end(),
            [&](const Stage& a, const Stage& b) { return place(a) < place(b); });
}

void Teller::show() {
  // Scenes with the most objects tell the most.
  std::vector<std::size_t> order(day_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::vector<scenes::Scene> scenes;
  for (std::size_t i = 0; i < order.size(); ++i)
    scenes.push_back(scenes::make_scene(options_.seed, kTestScenes + i));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scenes[a].objects.size() > scenes[b].objects.size();
  });
  for (std::size_t n = 0; n < std::min<std::size_t>(kShowcases, order.size()); ++n) {
    const std::size_t i = order[n];
    Showcase showcase{
        .title = "Scene " + std::to_string(i) + ", " + std::to_string(scenes[i].objects.size()) + " objects",
        .day = camera_views(scenes[i], false),
        .night = camera_views(scenes[i], true),
        .range = range_picture(scenes[i]),
        .map = map_picture(scenes[i]),
        .dialogues = {}};
    for (std::size_t q = 0; q < day_[i].questions.size(); ++q) {
      Dialogue dialogue{day_[i].questions[q].text, day_[i].questions[q].answer, {}};
      for (const auto& [stage, answers] : answers_) {
        if (stage == "blind" || stage == "shuffled") continue;
        dialogue.replies.push_back({stage, answers.at(i * day_[i].questions.size() + q)});
      }
      showcase.dialogues.push_back(std::move(dialogue));
    }
    report_.showcases.push_back(std::move(showcase));
  }
}

}  // namespace

Report tell_story(runtime::Runtime& runtime, const StoryOptions& options) {
  return Teller(runtime, options).tell();
}

}  // namespace lateral::host::demo
