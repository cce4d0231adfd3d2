// bench_senses DATA [--held-out DIR] [--seed N] [--budget SECONDS] [--steps N] [--threads N] [--sense NAME] [--most N] [--asked N]

// One JSON object: the bundled language model learns real senses in words, one after the other in one process,
// through the public runtime, from at most 500 labelled moments each; and what others make of the same tokens.

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/format/json.hpp"
#include "core/runtime/runtime.hpp"
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
  chosen.plan.data = texts[1];
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

runtime::SensorData as_input(const std::string& id, const at::Tensor& tokens) {
  const auto flat = tokens.contiguous();
  const auto bytes =
      std::as_bytes(std::span(flat.const_data_ptr<float>(), static_cast<std::size_t>(flat.numel())));
  runtime::SensorInput input;
  input.name = "tokens";
  input.kind = plugin::InputKind::Raw;
  input.shape = {static_cast<std::int64_t>(bytes.size())};
  input.bytes.assign(bytes.begin(), bytes.end());
  return {.id = id, .inputs = {std::move(input)}};
}

void add(std::vector<Recording>& all, const SenseData& sense, const Labelled& moments,
         const std::string& split) {
  for (std::int64_t i = 0; i < moments.labels.size(0); ++i) {
    Recording one{.id = sense.sense + "-" + split + "-" + std::to_string(i),
                  .split = split,
                  .senses = {},
                  .questions = {}};
    const auto label = static_cast<std::size_t>(moments.labels[i].item<std::int64_t>());
    one.questions.push_back({sense.question, sense.names.at(label), sense.sense});
    one.senses[sense.sense] = [id = one.id, tokens = moments.tokens[i]] { return as_input(id, tokens); };
    all.push_back(std::move(one));
  }
}

std::vector<Recording> recordings_of(const SenseData& sense) {
  std::vector<Recording> all;
  add(all, sense, sense.known, "train");
  add(all, sense, sense.asked, "test");
  return all;
}

std::string config_of(const std::vector<SenseData>& senses, const Arguments& chosen) {
  const auto model = test::repository() / "models/night-drive";
  std::string text = "[model]\npath = \"" + model.string() +
                     "\"\n[adapt]\nbudget = " + std::to_string(chosen.budget) +
                     "\nmax_steps = " + std::to_string(chosen.steps) +
                     "\n[run]\nthreads = " + std::to_string(chosen.threads) + "\n";
  for (const auto& sense : senses) {
    text += "[plugin." + sense.sense + "]\nisolation = \"thread\"\n[plugin." + sense.sense +
            ".options]\nwidth = " + std::to_string(sense.known.tokens.size(2)) +
            "\n[[connection]]\nplugin = \"" + sense.sense + "\"\nadapter = \"" + sense.sense +
            ".safetensors\"\n";
  }
  return text;
}

/// The share of moments that the adapter's summary takes for what they are: what the language model could say at best.
/// Its kinds are the names in the order in which they were learned (training::naming_of).
double read_right(const std::filesystem::path& adapter, const SenseData& sense) {
  const auto loaded = connector::load_adapter(adapter);
  const auto& summary = loaded.source().summary();
  if (!summary) fail(Errc::Internal, "bench", adapter.string(), " has no summary");
  std::vector<std::int64_t> kinds;
  for (const auto& label : sense.known.labels.unbind()) {
    const auto number = label.item<std::int64_t>();
    if (std::find(kinds.begin(), kinds.end(), number) == kinds.end()) kinds.push_back(number);
  }
  const auto likest = (*summary)({sense.asked.tokens, {}}).values.flatten(1).argmax(1);
  return at::tensor(kinds, at::kLong)
      .index({likest})
      .eq(sense.asked.labels)
      .to(at::kDouble)
      .mean()
      .item<double>();
}

double accuracy(runtime::Runtime& host, const std::vector<Recording>& recordings) {
  runtime::EvaluateRequest request;
  request.recordings = recordings;
  return host.evaluate(request).all.accuracy;
}

class School {
 public:
  School(std::vector<SenseData> senses, const Arguments& chosen) : senses_(std::move(senses)) {
    test::write_file(folder_ / "senses.toml", config_of(senses_, chosen));
    host_ = std::make_unique<runtime::Runtime>(config::load(folder_ / "senses.toml"));
    for (const auto& sense : senses_) material_.push_back(recordings_of(sense));
  }

  void learn(format::json::Writer& json) {
    json.begin_array();
    for (std::size_t i = 0; i < senses_.size(); ++i) learn(i, json);
    json.end_array();
  }

 private:
  void learn(std::size_t i, format::json::Writer& json) {
    const SenseData& sense = senses_[i];
    host_->load(
        (test::build_folder() / "fixtures/plugins" / ("tokens_" + sense.sense + ".lateral.so")).string());
    runtime::AdaptRequest lesson;
    lesson.plugin = sense.sense;
    lesson.recordings = material_[i];
    lesson.force = true;
    const auto learned = host_->adapt(lesson);
    runtime::EvaluateRequest exam;
    exam.recordings = material_[i];
    const auto reached = host_->evaluate(exam);
    reached_.push_back(reached.all.accuracy);

    const auto classes = static_cast<std::int64_t>(sense.names.size());
    json.begin_object().member("sense", sense.sense).member("classes", classes);
    json.member("learned_from", sense.known.labels.size(0)).member("asked", sense.asked.labels.size(0));
    json.member("tokens", sense.known.tokens.size(1)).member("width", sense.known.tokens.size(2));
    json.member("seconds", learned.seconds).member("steps", learned.steps);
    json.member("held_out", learned.measures.at("accuracy"));
    json.member("accuracy", reached.all.accuracy)
        .member("low", reached.all.low)
        .member("high", reached.all.high);
    json.member("summary", read_right(learned.adapter, sense));
    json.member("majority", reached.majority.accuracy);
    json.member("probe", linear_probe(sense.known, sense.asked, classes));
    json.member("neighbours", nearest_neighbours(sense.known, sense.asked, classes));
    json.key("older").begin_array();
    for (std::size_t older = 0; older < i; ++older) {
      json.begin_object().member("sense", senses_[older].sense).member("before", reached_[older]);
      json.member("after", accuracy(*host_, material_[older])).end_object();
    }
    json.end_array().end_object();
  }

  test::TemporaryFolder folder_;
  std::vector<SenseData> senses_;
  std::vector<std::vector<Recording>> material_;
  std::vector<double> reached_;
  std::unique_ptr<runtime::Runtime> host_;  // gone before the folder
};

int run(int count, char** texts) {
  const Arguments chosen = arguments(count, texts);
  const std::map<std::string, SenseData (*)(const DataPlan&)> readers{
      {"signs", traffic_signs}, {"words", spoken_words}, {"digits", spoken_digits}, {"motion", activities}};
  std::vector<SenseData> senses;
  for (const char* name : {"signs", "words", "digits", "motion"}) {
    if (chosen.sense.empty() || chosen.sense == name) senses.push_back(readers.at(name)(chosen.plan));
  }
  School school(std::move(senses), chosen);
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
