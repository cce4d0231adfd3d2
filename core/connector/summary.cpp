#include "core/connector/summary.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.hpp"

namespace lateral::connector {
namespace {

const SummaryShape& checked(const SummaryShape& shape) {
  if (shape.width < 1 || shape.segments < 1 || shape.kinds < 1) {
    fail(Errc::InvalidArgument, "summary", "sizes must be at least 1: width ", shape.width, ", segments ",
         shape.segments, ", kinds ", shape.kinds);
  }
  return shape;
}

at::Tensor all_present(const at::Tensor& values) {
  return at::ones({values.size(0), values.size(1)}, values.options().dtype(at::kBool));
}

/// float [batch, segments, M]: the share of each token in each stretch. Absent tokens are not counted.
at::Tensor shares(const at::Tensor& present, std::int64_t segments) {
  const auto counted = present.to(at::kLong);
  const auto place = (counted.cumsum(1) - 1).unsqueeze(1);  // [batch, 1, M], among the present ones
  const auto total = counted.sum(1).view({-1, 1, 1});
  const auto segment = at::arange(segments, counted.options()).view({1, -1, 1});
  const auto first = (segment * total).div(segments, "floor");
  const auto end = ((segment + 1) * total + segments - 1).div(segments, "floor");
  const auto inside = place.ge(first).logical_and(place.lt(end)).logical_and(present.unsqueeze(1));
  const auto weight = inside.to(at::kFloat);
  return weight / weight.sum(2, /*keepdim=*/true).clamp_min(1);
}

}  // namespace

Summary::Summary(const SummaryShape& shape) : shape_(checked(shape)) {
  map_.weight = at::zeros({shape.kinds, shape.pooled()}, at::kFloat);
  map_.bias = at::zeros({shape.kinds}, at::kFloat);
}

at::Tensor Summary::pooled(const Tokens& tokens) const {
  const auto present = tokens.present.defined() ? tokens.present : all_present(tokens.values);
  return at::bmm(shares(present, shape_.segments), tokens.values).flatten(1);
}

Tokens Summary::operator()(const Tokens& tokens) const {
  const auto likeness = at::linear(pooled(tokens), map_.weight, map_.bias).softmax(1);
  return {scaled(likeness).unsqueeze(1),
          tokens.present.defined() ? tokens.present.any(1, /*keepdim=*/true) : at::Tensor()};
}

at::Tensor Summary::scaled(const at::Tensor& likeness) {
  return likeness * std::sqrt(static_cast<double>(likeness.size(1)));
}

std::vector<model::NamedTensor> Summary::parameters() const {
  return {{"summary.weight", map_.weight}, {"summary.bias", map_.bias}};
}

}  // namespace lateral::connector
