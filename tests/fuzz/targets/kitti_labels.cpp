// KITTI's label files: counts of classes, and questions that agree with them.

#include "core/dataset/kitti.hpp"
#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) {
  const auto counts = dataset::parse_kitti_labels(text_of(input), "labels");
  for (const auto& [name, count] : counts)
    require(count > 0 && !name.empty(), "classes that are there are counted");
  for (const auto& question : dataset::kitti_questions(counts, Random(1)))
    require(!question.question.empty() && !question.answer.empty(), "questions have answers");
}
