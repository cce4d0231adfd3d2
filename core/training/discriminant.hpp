#pragma once
// Where labelled samples lie apart, in closed form: linear discriminant analysis (Fisher 1936; Rao 1948) with
// the covariance within the classes shrunk towards a sphere, which makes it usable where there are more
// numbers to a sample than samples. Gradients need far more steps for this, and far more samples to find it.

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

/// x double [n, inputs], labels int64 [n] in [0, classes). Throws InvalidArgument when sizes disagree, n is
/// below 2, or something is not finite. The same input gives the same bits.
Discriminant fit_discriminant(const at::Tensor& x, const at::Tensor& labels, const DiscriminantShape& shape);

/// How far samples lie from the means of their classes: root mean square over samples and directions. About 1
/// for the samples it was fitted on, more for others.
double spread(const Discriminant& discriminant, const at::Tensor& x, const at::Tensor& labels);

/// How likely something is to be of each class: the softmax of weight x + bias.
struct Likeness {
  at::Tensor weight;  ///< double [classes, inputs]
  at::Tensor bias;    ///< double [classes]
};
/// For z of a discriminant, if all classes spread alike around `means` and are as frequent as `frequencies`.
Likeness likeness_of(const at::Tensor& means, const at::Tensor& frequencies, double spread);

}  // namespace lateral::training
