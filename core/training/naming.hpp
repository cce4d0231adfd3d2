#pragma once
// Examples that name moments: every moment has its answers, and many moments share them ("stop" for all stop
// signs). Such moments form classes, which a summary can be fitted to. Questions about one scene after the
// other, each with answers of its own, do not.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/connector/summary.hpp"
#include "core/training/example.hpp"
#include "core/training/progress.hpp"

namespace lateral::training {

struct Naming {
  std::vector<std::string> samples;                   ///< in the order of the examples
  std::vector<std::int64_t> labels;                   ///< the class of each
  std::vector<std::vector<const Example*>> examples;  ///< by class

  std::int64_t classes() const { return static_cast<std::int64_t>(examples.size()); }
};

/// Classes of moments that have the same answers, in the order in which they appear; nothing unless all moments
/// are asked the same questions, and there are two or more classes with three moments each on average. The
/// pointers refer to `examples`.
std::optional<Naming> naming_of(std::span<const Example> examples);

/// Tokens of `samples` as a summary reads them, double [n, pooled], and those samples that have any.
struct PooledSamples {
  at::Tensor values;
  at::Tensor labels;  ///< int64 [n]
};
PooledSamples pooled(const connector::Summary& summary, const TokenProvider& tokens,
                     const std::vector<std::string>& samples, const std::vector<std::int64_t>& labels);

/// A summary that fits the examples and the tokens of their moments; nothing where they name nothing, or no
/// moment has tokens. Asks for the tokens of every moment.
std::optional<connector::SummaryShape> summary_for(std::span<const Example> examples,
                                                   const TokenProvider& tokens,
                                                   const ProgressCallback& progress = {});

}  // namespace lateral::training
