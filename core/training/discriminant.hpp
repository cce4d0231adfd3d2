#pragma once
// Where labelled samples lie apart, in closed form: linear discriminant analysis (Fisher 1936; Rao 1948) with the
// covariance within the classes shrunk towards a sphere, which makes it usable where there are more numbers to a
// sample than samples. Gradients need far more steps for this, and far more samples to find it.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace lateral::training {

/// z = weight x + bias, in which every class spreads alike (about 1 in every direction) around its mean.
struct Discriminant {
  at::Tensor weight;  ///< double [rank, inputs]
  at::Tensor bias;    ///< double [rank]
  at::Tensor means;   ///< double [classes, rank]; 0 for a class without a sample

  at::Tensor operator()(const at::Tensor& x) const;  ///< double [n, inputs] -> [n, rank]
};

struct DiscriminantShape {
  std::int64_t classes = 0;
  std::int64_t rank = 0;   ///< the directions in which the means differ most; 0 where there are fewer
  double shrinkage = 0.3;  ///< in (0, 1]: of the covariance towards a sphere of the same size
};

/// x double [n, inputs], labels int64 [n] in [0, classes). Throws InvalidArgument when sizes disagree, n is below 2, or
/// something is not finite. The same input gives the same bits.
Discriminant fit_discriminant(const at::Tensor& x, const at::Tensor& labels, const DiscriminantShape& shape);

/// The same discriminant, its axes turned so that its means come as close as they can to `means` [classes, rank]
/// (orthogonal Procrustes): what reads one of them can then read the other.
Discriminant turned_to(const at::Tensor& means, const Discriminant& discriminant);

/// How far samples lie from the means of their classes: root mean square over samples and directions. About 1 for the
/// samples it was fitted on, more for others.
double spread(const Discriminant& discriminant, const at::Tensor& x, const at::Tensor& labels);

}  // namespace lateral::training
