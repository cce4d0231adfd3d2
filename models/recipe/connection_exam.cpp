#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/connector/adapter_file.hpp"
#include "core/connector/connection.hpp"
#include "core/model/load.hpp"
#include "core/runtime/language.hpp"
#include "core/training/evaluate.hpp"
#include "models/recipe/connection.hpp"
#include "models/recipe/eye.hpp"
#include "models/scenes/question.hpp"

namespace lateral::recipe {
namespace {

constexpr std::uint64_t kHeldOutFirst = 1ULL << 40U;  // scenes that no training series reaches

class Exam {
 public:
  Exam(const ConnectionPlan& plan, const ConnectionFiles& files)
      : plan_(plan),
        decoder_(model::load_model(files.language)),
        tokenizer_(format::Tokenizer::load(files.language)),
        eye_(files.encoder, plan.sensor),
        adapter_(connector::load_adapter(files.adapter, {runtime::identity_of(decoder_), eye_.token_space(),
                                                         eye_.width(), decoder_.spec()})) {
    for (std::int64_t i = 0; i < plan_.exam; ++i) {
      scenes_.push_back(scenes::make_scene(plan_.seed, kHeldOutFirst + static_cast<std::uint64_t>(i)));
      const auto question = scenes::ask(scenes_.back(), 0);
      examples_.push_back(training::make_example(tokenizer_, {}, std::to_string(i), question.text,
                                                 question.answer,
                                                 std::string(scenes::name_of(question.type))));
    }
  }

  training::Proportion attached(bool night) const {
    const auto tokens = [this, night](const std::string& sample) {
      return std::optional(connector::Tokens{eye_.look(scenes_.at(std::stoul(sample)), night), {}});
    };
    return ask({{connector::connection_of(plan_.plugin, adapter_), tokens}});
  }
  training::Proportion blind() const { return ask({}); }

 private:
  training::Proportion ask(std::vector<training::Sense> senses) const {
    const training::Senses all(std::move(senses), decoder_.spec().layers);
    return training::evaluate(decoder_, tokenizer_, examples_, all).exact;
  }

  const ConnectionPlan& plan_;
  model::Decoder decoder_;
  format::Tokenizer tokenizer_;
  Eye eye_;
  connector::Adapter adapter_;
  std::vector<scenes::Scene> scenes_;
  std::vector<training::Example> examples_;
};

}  // namespace

ConnectionReport examine_connection(const ConnectionPlan& plan, const ConnectionFiles& files) {
  const c10::NoGradGuard no_gradients;
  const Exam exam(plan, files);
  return {exam.attached(false), exam.attached(true), exam.blind()};
}

}  // namespace lateral::recipe
