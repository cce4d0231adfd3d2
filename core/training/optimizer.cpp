#include "core/training/optimizer.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "core/base/error.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "optimizer";

void check_parameter(const std::string& name, const at::Tensor& value) {
  if (!value.defined() || !value.is_floating_point() || !value.requires_grad() || !value.is_leaf()) {
    fail(Errc::InvalidArgument, kWhere, "parameter ", name,
         " must be a floating leaf that requires gradients");
  }
}

void check_options(const AdamWOptions& options) {
  const auto in_unit = [](double beta) { return beta >= 0 && beta < 1; };
  if (!in_unit(options.beta1) || !in_unit(options.beta2) || !(options.epsilon > 0) ||
      !(options.clip_norm >= 0)) {
    fail(Errc::InvalidArgument, kWhere,
         "betas must lie in [0, 1), epsilon above 0, clip_norm not below 0; got ", options.beta1, ", ",
         options.beta2, ", ", options.epsilon, ", ", options.clip_norm);
  }
}

}  // namespace

AdamW::AdamW(std::vector<ParameterGroup> groups, AdamWOptions options) : options_(options) {
  check_options(options_);
  std::set<std::string> names;
  for (const auto& group : groups) {
    if (!(group.learning_rate >= 0) || !(group.weight_decay >= 0)) {
      fail(Errc::InvalidArgument, kWhere, "group ", group.name, ": learning rate ", group.learning_rate,
           " and weight decay ", group.weight_decay, " must not be negative");
    }
    for (const auto& [name, value] : group.parameters) {
      check_parameter(name, value);
      if (!names.insert(name).second) fail(Errc::InvalidArgument, kWhere, "two parameters are named ", name);
      slots_.push_back({name, value, at::zeros_like(value), at::zeros_like(value), group.learning_rate,
                        group.weight_decay});
    }
  }
  if (slots_.empty()) fail(Errc::InvalidArgument, kWhere, "there is nothing to train");
}

void AdamW::zero_grad() {
  for (auto& slot : slots_) slot.value.mutable_grad() = at::Tensor();
}

double AdamW::gradient_norm() const {
  double squares = 0;
  for (const auto& slot : slots_) {
    if (!slot.value.grad().defined()) continue;
    const double norm = slot.value.grad().norm().item<double>();
    squares += norm * norm;
  }
  return std::sqrt(squares);
}

double AdamW::step(double factor) {
  const c10::NoGradGuard no_grad;
  const auto learns = [](const Slot& slot) { return slot.value.grad().defined(); };
  if (std::none_of(slots_.begin(), slots_.end(), learns)) return 0;
  const double norm = gradient_norm();
  if (!std::isfinite(norm)) {
    fail(Errc::FailedPrecondition, kWhere, "the gradient of update ", updates_ + 1,
         " is not finite; lower the learning rate or check the tokens");
  }
  ++updates_;
  const bool clipped = options_.clip_norm > 0 && norm > options_.clip_norm;
  for (auto& slot : slots_) {
    if (slot.value.grad().defined()) update(slot, factor, clipped ? options_.clip_norm / norm : 1);
  }
  return norm;
}

void AdamW::update(Slot& slot, double factor, double gradient_scale) const {
  const at::Tensor gradient = gradient_scale == 1 ? slot.value.grad() : slot.value.grad() * gradient_scale;
  const double t = static_cast<double>(updates_);
  const double m_correction = 1 - std::pow(options_.beta1, t);
  const double v_correction = 1 - std::pow(options_.beta2, t);
  const double rate = slot.learning_rate * factor;
  slot.m.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
  slot.v.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
  const at::Tensor spread = slot.v.div(v_correction).sqrt_().add_(options_.epsilon);
  slot.value.mul_(1 - rate * slot.weight_decay);
  slot.value.addcdiv_(slot.m, spread, -rate / m_correction);
}

NamedTensors AdamW::state() const {
  NamedTensors state;
  for (const auto& slot : slots_) {
    state.emplace_back("adamw.m." + slot.name, slot.m);
    state.emplace_back("adamw.v." + slot.name, slot.v);
  }
  return state;
}

void AdamW::restore(const NamedTensors& state, std::int64_t updates) {
  copy_by_name(state, this->state(), kWhere);
  updates_ = updates;
}

NamedTensors AdamW::parameters() const {
  NamedTensors all;
  for (const auto& slot : slots_) all.emplace_back(slot.name, slot.value);
  return all;
}

}  // namespace lateral::training
