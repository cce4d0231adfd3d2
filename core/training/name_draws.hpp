#pragma once
// Learning to say what a summary tells apart. Its closed form knows where each class lies and how far samples
// stray from there, so the aligner need not learn from the few samples there are: it learns from moments
// drawn around the classes' means, as many as it takes, and cannot learn the samples by heart.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/connector/adapter.hpp"
#include "core/connector/answer_attachments.hpp"
#include "core/training/discriminant.hpp"
#include "core/training/held_out.hpp"
#include "core/training/naming.hpp"
#include "core/training/senses.hpp"

namespace lateral::training {

/// Not thread-safe.
class NameDraws {
 public:
  struct Moments {
    std::vector<const Example*> examples;
    at::Tensor tokens;  ///< float [examples, 1, classes], as a summary would have made them
  };

  /// Fits `adapter`'s summary to the moments of `split.train`, so that the held-out ones are new to it.
  /// Throws InvalidArgument when `examples` name nothing (naming_of) or their moments have no tokens.
  NameDraws(const connector::Adapter& adapter, std::span<const Example> examples, const Split& split,
            const TokenProvider& tokens, std::vector<Sense> beside);

  /// Moments around the means of the classes, asked for the kind that each is likest to. A function of `seed`.
  Moments draw(std::int64_t count, std::uint64_t seed) const;
  /// The connection fed with drawn tokens; those beside it with what they have of the same moments.
  std::unique_ptr<connector::AnswerAttachments> attach(const Moments& moments,
                                                       const connector::TextView& text,
                                                       std::int64_t layers) const;
  /// Fits the summary to all moments. What has been learned reads both, as both say what a moment is like.
  void fit_to_all() const;

  double spread() const { return spread_; }  ///< of held-out moments around the means of their classes

 private:
  void install(const Discriminant& discriminant, const PooledSamples& samples) const;

  const connector::Adapter& adapter_;
  Naming naming_;
  std::vector<Sense> beside_;
  at::Tensor frequencies_;  // double [classes]
  PooledSamples samples_;
  Discriminant all_;
  double spread_;
  std::shared_ptr<const connector::Wiring> wiring_;
};

}  // namespace lateral::training
