#include "models/recipe/kitchen.hpp"

#include <ATen/Context.h>

#include <iomanip>
#include <sstream>

#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "models/recipe/language_files.hpp"

namespace lateral::recipe {
namespace {

namespace fs = std::filesystem;

std::string percent(double share) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << 100 * share << " %";
  return text.str();
}

class Cook {
 public:
  explicit Cook(const Kitchen& kitchen) : kitchen_(kitchen), out_(kitchen.command.out) {
    fs::create_directories(model_folder());
    fs::create_directories(out_ / "encoders");
    fs::create_directories(out_ / "reports");
    fs::create_directories(kitchen.command.work);
  }

  bool all() {
    if (wanted("tokenizer")) make_vocabulary(kitchen_.plan.vocabulary, model_folder());
    if (wanted("camera")) encoder(kitchen_.plan.camera);
    if (wanted("lidar")) encoder(kitchen_.plan.lidar);
    if (wanted("language") || wanted("connection")) language();
    return good_;
  }

 private:
  bool wanted(const char* stage) const {
    return kitchen_.command.stages.empty() || kitchen_.command.stages.count(stage) != 0;
  }
  fs::path model_folder() const { return out_ / "night-drive"; }

  training::RunOptions run(const std::string& stage) const {
    training::RunOptions options;
    options.checkpoint.path = kitchen_.command.work / (stage + ".checkpoint");
    options.checkpoint.every_seconds = 5;
    options.cancel = kitchen_.cancel;
    options.progress = kitchen_.progress;
    return options;
  }

  void encoder(const EncoderPlan& plan) {
    const EncoderReport report =
        make_encoder(plan, out_ / "encoders" / (plan.name + ".safetensors"), run(plan.name));
    demand(plan.name + ": kind " + percent(report.kind) + ", kind and status " + percent(report.object) +
               ", empty " + percent(report.empty) + ", unseen at night " + percent(report.unseen),
           report.kind, kitchen_.plan.least_encoder);
    format::json::Writer json(2);
    json.begin_object()
        .member("kind", report.kind)
        .member("kind_and_status", report.object)
        .member("empty", report.empty)
        .member("unseen_at_night", report.unseen)
        .end_object();
    write_report(plan.name, std::move(json));
  }

  /// The connection needs the oracle, which lives in the language model's checkpoint: a finished run is read back.
  void language() {
    const TextIds text(format::Tokenizer::load(model_folder()));
    const Taught taught = train_language(kitchen_.plan.language, text, run("language"));
    if (wanted("language")) serve_language(text, taught);
    if (wanted("connection")) connection(taught);
  }

  void serve_language(const TextIds& text, const Taught& taught) {
    save_language(taught.decoder, model_folder());
    const LanguageReport report = examine(kitchen_.plan.language, text, taught);
    demand("language model: with the oracle " + percent(report.sense.value) + ", blind " +
               percent(report.blind.value) + ", in words " + percent(report.words.value),
           report.sense.value, kitchen_.plan.least_sense);
    demand("language model: held-out labels repeated " + percent(report.copies.value), report.copies.value,
           kitchen_.plan.least_copies);
    write_report("language", language_report(report));
  }

  void connection(const Taught& taught) {
    const ConnectionPlan& plan = kitchen_.plan.connection;
    const auto adapters = model_folder() / "adapters";
    fs::create_directories(adapters);
    const ConnectionFiles files{model_folder(), out_ / "encoders" / (plan.plugin + ".safetensors"),
                                adapters / (plan.plugin + ".safetensors")};
    make_connection(plan, kitchen_.plan.language, taught, files, run("connection"));
    const ConnectionReport report = examine_connection(plan, files);
    demand("camera connection: day " + percent(report.day.value) + ", night " + percent(report.night.value) +
               ", nothing attached " + percent(report.blind.value),
           report.day.value, kitchen_.plan.least_day);
    format::json::Writer json(2);
    json.begin_object();
    share(json, "day", report.day);
    share(json, "night", report.night);
    share(json, "blind", report.blind);
    json.end_object();
    write_report("connection", std::move(json));
  }

  static void share(format::json::Writer& json, const std::string& name, const training::Proportion& p) {
    json.key(name).begin_object().member("share", p.value).member("low", p.low).member("high", p.high);
    json.member("asked", p.trials).end_object();
  }

  static format::json::Writer language_report(const LanguageReport& report) {
    format::json::Writer json(2);
    json.begin_object();
    share(json, "oracle", report.sense);
    for (const auto& [type, p] : report.sense_by_type) share(json, "oracle." + type, p);
    share(json, "blind", report.blind);
    share(json, "in_words", report.words);
    share(json, "held_out_labels", report.copies);
    json.end_object();
    return json;
  }

  void demand(const std::string& line, double reached, double least) {
    const bool enough = reached >= least;
    kitchen_.say(line + (enough ? "" : "  -- less than the " + percent(least) + " that it should reach"));
    good_ = good_ && enough;
  }

  void write_report(const std::string& stage, format::json::Writer json) const {
    write_atomically(out_ / "reports" / (stage + ".json"), std::move(json).text() + "\n");
  }

  const Kitchen& kitchen_;
  fs::path out_;
  bool good_ = true;
};

}  // namespace

bool cook(const Kitchen& kitchen) {
  return Cook(kitchen).all();
}

}  // namespace lateral::recipe
