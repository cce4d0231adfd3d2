#pragma once
// What one does with a frozen encoder's tokens without a language model, for comparison.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace lateral::bench {

struct Labelled {
  at::Tensor tokens;                 ///< float [n, M, width]
  at::Tensor labels;                 ///< int64 [n]
  std::vector<std::int64_t> groups;  ///< of the training samples: speakers, subjects, tracks
};

/// Multinomial logistic regression on standardised tokens, flattened or averaged; its regularisation is
/// chosen on held-out groups of `known`. Accuracy on `asked`: the better of both kinds of tokens there, which
/// favours the probe.
double linear_probe(const Labelled& known, const Labelled& asked, std::int64_t classes);

/// The better of 1, 3 and 5 nearest neighbours in standardised tokens, flattened or averaged, on `asked`.
double nearest_neighbours(const Labelled& known, const Labelled& asked, std::int64_t classes);

}  // namespace lateral::bench
