#include "models/recipe/vocabulary.hpp"

#include <string>

#include "core/base/random.hpp"
#include "core/format/bpe_trainer.hpp"
#include "models/scenes/question.hpp"
#include "models/scenes/scene.hpp"
#include "models/scenes/words.hpp"

namespace lateral::recipe {
namespace {

constexpr std::uint64_t kQuestions = 4, kDrills = 2;  // for each scene

void add_scene(format::BpeTrainer& trainer, const scenes::Scene& scene, Random& random) {
  trainer.add(scenes::describe(scene, random));
  for (std::uint64_t i = 0; i < kQuestions; ++i) {
    const scenes::Question question = scenes::ask(scene, i);
    trainer.add(question.text + ' ' + question.answer);
  }
  for (std::uint64_t i = 0; i < kDrills; ++i) {
    const scenes::Drill drill = scenes::copy_drill(scenes::training_label(random));
    trainer.add(drill.prompt + ' ' + drill.answer);
  }
}

}  // namespace

void make_vocabulary(const VocabularyPlan& plan, const std::filesystem::path& folder) {
  format::BpeTrainerOptions options;
  options.vocab_size = plan.pieces;
  options.special_tokens = {"<s>", "</s>"};
  options.bos = "<s>";
  options.eos = "</s>";
  options.add_bos = true;
  format::BpeTrainer trainer(options);
  for (std::int64_t i = 0; i < plan.scenes; ++i) {
    Random random(plan.seed, static_cast<std::uint64_t>(i));
    add_scene(trainer, scenes::make_scene(plan.seed, static_cast<std::uint64_t>(i)), random);
  }
  std::filesystem::create_directories(folder);
  trainer.write(trainer.train(), folder);
}

}  // namespace lateral::recipe
