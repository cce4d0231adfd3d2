// bench_steps make SHAPE|MODEL FOLDER   writes a float32 model and an adapter for its last 4 blocks
// bench_steps serve FOLDER THREADS      answers requests on standard input, one line of JSON each, until it ends
//   check      the logits after a prompt, and the loss of the first adaptation step: peer.py must say the same
//   decode N   seconds of each of N decode steps (batch 1, greedy, behind a prompt of 64 tokens)
//   adapt N    seconds of one adaptation step (labels, batch 64, last 4 blocks), mean of N
// Steps of this program and of peer.py take turns, so that a busy machine is busy for both.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "core/base/error.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/format/json.hpp"
#include "core/model/load.hpp"
#include "core/model/session.hpp"
#include "core/tensor/settings.hpp"
#include "core/training/adapt_labels.hpp"
#include "tests/bench/material.hpp"

namespace lateral::bench {
namespace {

using Clock = std::chrono::steady_clock;
using format::json::Writer;

constexpr std::int64_t kPrompt = 64;  // tokens before the first decode step
constexpr std::int64_t kBatch = 64,
                       kQuestion = 24;  // of an adaptation step; an answer is one token and the end

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<training::Example> questions(std::int64_t vocab) {
  std::vector<training::Example> examples;
  for (std::int64_t row = 0; row < kBatch; ++row) {
    training::Example example;
    example.sample = std::to_string(row);
    example.type = "bench";
    example.prompt = prompt(row, kQuestion, vocab);
    example.answer_ids = {3 + row % (vocab - 3), 2};
    examples.push_back(std::move(example));
  }
  return examples;
}

class Steps {
 public:
  explicit Steps(const std::filesystem::path& folder)
      : decoder_(model::load_model(folder)),
        adapter_(connector::load_adapter(folder / "adapter.safetensors")),
        examples_(questions(decoder_.spec().vocab)),
        tokens_(sensor_tokens(kBatch).values) {}

  void check(Writer& json) const {
    json.begin_object().key("logits").begin_array();
    {
      const at::NoGradGuard no_gradients;
      const model::Session session(decoder_, prefix(1), 1, nullptr);
      for (const float score : session.row(0)) json.value(score);
    }
    json.end_array().member("loss", adaptation(1).last_loss).end_object();
  }

  void decode(std::int64_t steps, Writer& json) const {
    const at::NoGradGuard no_gradients;
    model::Session session(decoder_, prefix(steps), steps, nullptr);
    json.begin_array();
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto start = Clock::now();
      const std::int64_t best = session.logits().argmax().item<std::int64_t>();
      session.step({&best, 1});
      json.value(seconds_since(start));
    }
    json.end_array();
  }

  /// Without the once-only work before the first step (early states), and without held-out questions.
  training::TrainResult adaptation(std::int64_t steps) const {
    training::AdaptOptions options;
    options.run.budget.steps = steps;
    options.batch = kBatch;
    options.held_out_share = 0;
    options.token_dropout = 0;  // so that the first loss is a number to compare
    const auto tokens = [this](const std::string& sample) -> std::optional<connector::Tokens> {
      return connector::Tokens{tokens_[std::stoll(sample)], {}};
    };
    connector::Adapter adapter = adapter_.clone();
    return training::adapt_labels(decoder_, adapter, examples_, tokens, options).run;
  }

 private:
  model::Prefix prefix(std::int64_t room) const {
    return model::make_prefix(decoder_, {prompt(0, kPrompt, decoder_.spec().vocab)}, decoder_.spec().layers,
                              room);
  }

  model::Decoder decoder_;
  connector::Adapter adapter_;
  std::vector<training::Example> examples_;
  at::Tensor tokens_;
};

void make(const std::string& from, const std::filesystem::path& folder) {
  const bool is_model = std::filesystem::exists(std::filesystem::path(from) / "config.json");
  const auto decoder = is_model ? model::load_model(from) : random_model(shape_named(from));
  std::filesystem::create_directories(folder);
  model::save_model(decoder, folder);
  connector::save_adapter(folder / "adapter.safetensors", adapter_for(decoder.spec(), "last:4"));
}

void serve(const std::filesystem::path& folder, int threads) {
  tensor::fix_threads(threads);
  const Steps steps(folder);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    std::int64_t count = 1;
    words >> what >> count;
    Writer json;
    if (what == "check") {
      steps.check(json);
    } else if (what == "decode") {
      steps.decode(count, json);
    } else if (what == "adapt") {
      json.begin_array().value(steps.adaptation(count).seconds / static_cast<double>(count)).end_array();
    } else {
      fail(Errc::InvalidArgument, "bench", "no request \"", what, "\"; there are check, decode, adapt");
    }
    std::cout << std::move(json).text() << std::endl;
  }
}

}  // namespace
}  // namespace lateral::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 3 && words[0] == "make") {
      lateral::bench::make(words[1], words[2]);
    } else if (words.size() == 3 && words[0] == "serve") {
      lateral::bench::serve(words[1], std::stoi(words[2]));
    } else {
      std::cerr << "usage: bench_steps make SHAPE|MODEL FOLDER | serve FOLDER THREADS\n";
      return 2;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
