// bench_senses DATA [--held-out DIR] [--seed N] [--budget SECONDS] [--steps N] [--threads N] [--sense NAME] [--most N] [--asked N]

// One JSON object: the bundled language model learns real senses in words, one after the other in one process,
// through the public runtime, from at most 500 labelled moments each; and what others make of the same tokens.

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/format/json.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/runtime/runtime.hpp"
#include "core/runtime/token_bridge.hpp"
#include "tests/bench/baselines.hpp"
#include "tests/bench/sense_data.hpp"
#include "tests/support/files.hpp"

namespace lateral::bench {
namespace {

using runtime::Recording;

struct Arguments {
  DataPlan plan;
  double budget = 40;      ///< seconds of learning, of the two minutes that a sense may take
  std::int64_t steps = 0;  ///< at most these; 0 = what the budget allows
  int threads = 1;         ///< of a tensor operation; of so small ones two take longer than one
  std::string sense;       ///< empty = all four
};

Arguments arguments(int count, char** texts) {
  Arguments chosen;
  if (count < 2 || count % 2 != 0)
    fail(Errc::InvalidArgument, "bench", "usage: bench_senses DATA [--OPTION VALUE]...");
  chosen.plan.data = std::filesystem::absolute(texts[1]);  // a plugin's relative paths begin at its library
  for (int i = 2; i < count; i += 2) {
    const std::string name = texts[i], value = texts[i + 1];
    if (name == "--held-out")
      chosen.plan.held_out = value;
    else if (name == "--seed")
      chosen.plan.seed = std::stoull(value);
    else if (name == "--budget")
      chosen.budget = std::stod(value);
    else if (name == "--steps")
      chosen.steps = std::stoll(value);
    else if (name == "--threads")
      chosen.threads = std::stoi(value);
    else if (name == "--sense")
      chosen.sense = value;
    else if (name == "--most")
      chosen.plan.most = std::stoll(value);
    else if (name == "--asked")
      chosen.plan.most_asked = std::stoll(value);
    else
      fail(Errc::InvalidArgument, "bench", "unknown option ", name);
  }
  return chosen;
}

void add(std::vector<Recording>& all, const Sense& sense, const Moments& moments, const std::string& split) {
  for (std::size_t i = 0; i < moments.labels.size(); ++i) {
    Recording one{.id = sense.name + "-" + split + "-" + std::to_string(i),
                  .split = split,
                  .senses = {},
                  .questions = {}};
    one.questions.push_back(
        {sense.question, sense.names.at(static_cast<std::size_t>(moments.labels[i])), sense.name});
    one.senses[sense.name] = [id = one.id, input = moments.inputs[i]] {
      return runtime::SensorData{.id = id, .inputs = {input}};
    };
    all.push_back(std::move(one));
  }
}

std::vector<Recording> recordings_of(const Sense& sense) {
  std::vector<Recording> all;
  add(all, sense, sense.known, "train");
  add(all, sense, sense.asked, "test");
  return all;
}

std::string config_of(const std::vector<Sense>& senses, const Arguments& chosen) {
  const auto model = test::repository() / "models/night-drive";
  std::string text = "[model]\npath = \"" + model.string() + "\"\n[plugins]\nsearch = [\"" +
                     (test::build_folder() / "lib/lateral").string() +
                     "\"]\n[adapt]\nbudget = " + std::to_string(chosen.budget) +
                     "\nmax_steps = " + std::to_string(chosen.steps) +
                     "\n[run]\nload = []\nthreads = " + std::to_string(chosen.threads) + "\n";
  for (const auto& sense : senses) {
    text += "[plugin." + sense.name + "]\n" + sense.plugin + "[[connection]]\nplugin = \"" + sense.name +
            "\"\nadapter = \"" + sense.name + ".safetensors\"\n";
  }
  return text;
}

/// What a sense's plugin makes of its moments, for those who do without a language model.
class Eye {
 public:
  Eye(const config::Config& config, const Sense& sense) {
    const auto& table = *std::find_if(config.plugins.begin(), config.plugins.end(),
                                      [&](const auto& one) { return one.id == sense.name; });
    plugin::LoadOptions options;
    options.id = sense.name;
    options.isolation = plugin::Isolation::Thread;
    for (const auto& option : table.options)
      std::visit([&](const auto& value) { options.options.emplace(option.key, value); }, option.value);
    const auto file = test::build_folder() / "lib/lateral" / (table.library->id + ".lateral.so");
    host_.load(file.string(), options);
    encoder_ = host_.make_encoder(sense.name);
  }

  std::vector<at::Tensor> operator()(const Moments& moments) const {
    std::vector<at::Tensor> seen;
    for (const auto& input : moments.inputs) {
      seen.push_back(runtime::as_tensors(encoder_->encode(std::vector{input.view()})).values[0]);
    }
    return seen;
  }

 private:
  plugin::PluginHost host_;
  std::unique_ptr<plugin::Encoder> encoder_;
};

/// Recordings of nearly one length differ by a token at their end, which is left out then.
Labelled labelled(const std::vector<at::Tensor>& seen, std::int64_t tokens, const Moments& moments) {
  std::vector<at::Tensor> begins;
  for (const auto& one : seen) begins.push_back(one.narrow(0, 0, tokens));
  return {at::stack(begins), at::tensor(moments.labels, at::kLong), moments.groups};
}

std::int64_t fewest(const std::vector<at::Tensor>& seen) {
  std::int64_t least = seen.front().size(0);
  for (const auto& one : seen) least = std::min(least, one.size(0));
  return least;
}

/// The share of moments that the adapter's summary takes for what they are: what the language model could say at best.
/// Its kinds are the names in the order in which they were learned (training::naming_of).
double read_right(const std::filesystem::path& adapter, const Sense& sense,
                  const std::vector<at::Tensor>& asked) {
  const auto loaded = connector::load_adapter(adapter);
  const auto& summary = loaded.source().summary();
  if (!summary) fail(Errc::Internal, "bench", adapter.string(), " has no summary");
  std::vector<std::int64_t> kinds;
  for (const auto number : sense.known.labels) {
    if (std::find(kinds.begin(), kinds.end(), number) == kinds.end()) kinds.push_back(number);
  }
  std::int64_t right = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto likeliest = (*summary)({asked[i].unsqueeze(0), {}}).values.argmax().item<std::int64_t>();
    right += kinds.at(static_cast<std::size_t>(likeliest)) == sense.asked.labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(asked.size());
}

double accuracy(runtime::Runtime& host, const std::vector<Recording>& recordings) {
  runtime::EvaluateRequest request;
  request.recordings = recordings;
  return host.evaluate(request).all.accuracy;
}

class School {
 public:
  School(std::vector<Sense> senses, const std::filesystem::path& folder, const Arguments& chosen)
      : senses_(std::move(senses)) {
    test::write_file(folder / "senses.toml", config_of(senses_, chosen));
    config_ = config::load(folder / "senses.toml");
    host_ = std::make_unique<runtime::Runtime>(config_);
    for (const auto& sense : senses_) material_.push_back(recordings_of(sense));
  }

  void learn(format::json::Writer& json) {
    json.begin_array();
    for (std::size_t i = 0; i < senses_.size(); ++i) learn(i, json);
    json.end_array();
  }

 private:
  void learn(std::size_t i, format::json::Writer& json) {
    const Sense& sense = senses_[i];
    host_->load(sense.name);
    runtime::AdaptRequest lesson;
    lesson.plugin = sense.name;
    lesson.recordings = material_[i];
    lesson.force = true;
    const auto learned = host_->adapt(lesson);
    runtime::EvaluateRequest exam;
    exam.recordings = material_[i];
    const auto reached = host_->evaluate(exam);
    reached_.push_back(reached.all.accuracy);

    const Eye eye(config_, sense);
    const auto known = eye(sense.known), asked = eye(sense.asked);
    const std::int64_t tokens = std::min(fewest(known), fewest(asked));
    const auto classes = static_cast<std::int64_t>(sense.names.size());
    json.begin_object().member("sense", sense.name).member("classes", classes);
    json.member("learned_from", static_cast<std::int64_t>(known.size()));
    json.member("asked", static_cast<std::int64_t>(asked.size()));
    json.member("tokens", tokens).member("width", known.front().size(1));
    json.member("seconds", learned.seconds).member("steps", learned.steps);
    json.member("held_out", learned.measures.at("accuracy"));
    json.member("accuracy", reached.all.accuracy)
        .member("low", reached.all.low)
        .member("high", reached.all.high);
    json.member("summary", read_right(learned.adapter, sense, asked));
    json.member("majority", reached.majority.accuracy);
    const auto train = labelled(known, tokens, sense.known), test = labelled(asked, tokens, sense.asked);
    json.member("probe", linear_probe(train, test, classes));
    json.member("neighbours", nearest_neighbours(train, test, classes));
    json.key("older").begin_array();
    for (std::size_t older = 0; older < i; ++older) {
      json.begin_object().member("sense", senses_[older].name).member("before", reached_[older]);
      json.member("after", accuracy(*host_, material_[older])).end_object();
    }
    json.end_array().end_object();
  }

  std::vector<Sense> senses_;
  std::vector<std::vector<Recording>> material_;
  std::vector<double> reached_;
  config::Config config_;
  std::unique_ptr<runtime::Runtime> host_;
};

int run(int count, char** texts) {
  Arguments chosen = arguments(count, texts);
  const test::TemporaryFolder folder;  // encoders, configuration and adapters; gone after the host
  chosen.plan.encoders = folder.path();
  const std::map<std::string, Sense (*)(const DataPlan&)> readers{
      {"signs", traffic_signs}, {"words", spoken_words}, {"digits", spoken_digits}, {"motion", activities}};
  std::vector<Sense> senses;
  for (const char* name : {"signs", "words", "digits", "motion"}) {
    if (chosen.sense.empty() || chosen.sense == name) senses.push_back(readers.at(name)(chosen.plan));
  }
  School school(std::move(senses), folder.path(), chosen);
  format::json::Writer json;
  school.learn(json);
  std::cout << std::move(json).text() << std::endl;
  return 0;
}

}  // namespace
}  // namespace lateral::bench

int main(int count, char** texts) {
  try {
    return lateral::bench::run(count, texts);
  } catch (const std::exception& error) {
    std::cerr << "bench_senses: " << error.what() << '\n';
    return 1;
  }
}
