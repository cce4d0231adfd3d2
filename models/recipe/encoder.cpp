#include "models/recipe/encoder.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/base/random.hpp"
#include "core/format/safetensors.hpp"
#include "core/tensor/convert.hpp"
#include "core/training/batch_order.hpp"
#include "core/training/fingerprint.hpp"

namespace lateral::recipe {
namespace {

constexpr std::int64_t kBins = scenes::kBins;
constexpr std::int64_t kNightEvery = 4;               // a quarter of the camera's pictures
constexpr std::uint64_t kHeldOutFirst = 1ULL << 40U;  // scenes that no training series reaches

/// One batch, turned by a random number of bins: the world around the vehicle has no preferred bearing, so each
/// picture serves as 24.
struct Batch {
  at::Tensor pictures, kind, status;
};

Batch batch_at(std::int64_t step, const Recordings& all, training::BatchOrder& order, std::uint64_t seed) {
  const at::Tensor rows = at::tensor(order.at(step), at::kLong);
  Random random(seed, static_cast<std::uint64_t>(step));
  const auto turn = static_cast<std::int64_t>(random.below(kBins));
  const auto columns = all.pictures.size(3) / kBins;
  return {all.read(rows).roll(columns * turn, 3), all.kind.index_select(0, rows).roll(turn, 1),
          all.status.index_select(0, rows).roll(turn, 1)};
}

double share(const at::Tensor& right, const at::Tensor& of) {
  return right.logical_and(of).sum().item<double>() / std::max<double>(1.0, of.sum().item<double>());
}

EncoderReport judge(const TrainableEncoder& encoder, const EncoderPlan& plan) {
  const c10::NoGradGuard no_gradients;
  const auto ask = [&](const Recordings& all, auto&& head) {
    std::vector<at::Tensor> answers;
    for (std::int64_t i = 0; i < all.size(); i += plan.batch) {
      const at::Tensor rows = at::arange(i, std::min(i + plan.batch, all.size()), at::kLong);
      answers.push_back(head(encoder.tokens(all.read(rows))).argmax(-1));
    }
    return at::cat(answers);
  };
  const auto kinds = [&](const at::Tensor& tokens) { return encoder.kinds(tokens); };
  const auto statuses = [&](const at::Tensor& tokens) { return encoder.statuses(tokens); };
  const Series series{plan.seed, kHeldOutFirst, plan.held_out, {}};

  const Recordings day = record(plan.sensor, series, 0);
  const at::Tensor kind = ask(day, kinds), object = day.kind.lt(kEmpty);
  const at::Tensor right = kind.eq(day.kind);
  EncoderReport report;
  report.kind = share(right, object);
  report.object = share(right.logical_and(ask(day, statuses).eq(day.status)), object);
  report.empty = share(right, object.logical_not());
  if (plan.sensor == Sensor::Camera) {
    const Recordings night = record(plan.sensor, series, 1);
    report.unseen = ask(night, kinds).eq(kUnseen).to(at::kDouble).mean().item<double>();
  }
  return report;
}

std::string fingerprint(const EncoderPlan& plan) {
  return training::Fingerprint()
      .add(plan.program)
      .add(plan.name)
      .add(plan.scenes)
      .add(plan.steps)
      .add(plan.batch)
      .add(plan.rate)
      .add(plan.seed)
      .text();
}

std::string bits_of(const training::NamedTensors& tensors) {
  training::Fingerprint print;
  for (const auto& [name, tensor] : tensors) {
    print.add(name).add(std::string_view(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()));
  }
  return print.text();
}

}  // namespace

TrainableEncoder::TrainableEncoder(const EncoderPlan& plan, std::uint64_t seed)
    : plan_(plan), network_(plan.program, shape_of(plan.sensor), seed), parameters_(network_.parameters()) {
  Random random(seed, 1);
  training::NamedTensors helpers;
  kinds_ = fresh_linear("head", kClasses, network_.width(), random, heads_);
  statuses_ = fresh_linear("status", kStatuses, network_.width(), random, helpers);
  places_ = fresh_linear("place", kBins, network_.width(), random, helpers);
  parameters_.insert(parameters_.end(), heads_.begin(), heads_.end());
  parameters_.insert(parameters_.end(), helpers.begin(), helpers.end());
}

at::Tensor TrainableEncoder::loss(const at::Tensor& tokens, const at::Tensor& kind,
                                  const at::Tensor& status) const {
  // Most bins are empty: half weight keeps them from deciding everything. Each token also says where it looks, so that
  // questions about a bearing find it.
  at::Tensor weight = at::ones({kClasses});
  weight.narrow(0, kEmpty, 2).fill_(0.5);
  const at::Tensor place = at::arange(kBins, at::kLong).expand({tokens.size(0), kBins});
  return at::cross_entropy_loss(kinds_(tokens).flatten(0, 1), kind.flatten(), weight) +
         at::cross_entropy_loss(statuses_(tokens).flatten(0, 1), status.flatten()) +
         0.1 * at::cross_entropy_loss(places_(tokens).flatten(0, 1), place.flatten());
}

void TrainableEncoder::save(const std::filesystem::path& path) const {
  training::NamedTensors halves;
  const auto add = [&](const training::NamedTensors& from) {
    for (const auto& [name, tensor] : from)
      halves.push_back({name, tensor.detach().to(at::kHalf).contiguous()});
  };
  add(network_.parameters());
  add(heads_);
  std::vector<format::TensorView> views;
  for (const auto& [name, tensor] : halves) views.push_back(tensor::to_view(name, tensor));
  format::write_safetensors(
      path, views, {{"network", plan_.program}, {"token_space", plan_.name + "-" + bits_of(halves)}});
}

EncoderReport make_encoder(const EncoderPlan& plan, const std::filesystem::path& path,
                           const training::RunOptions& options) {
  const TrainableEncoder encoder(plan, plan.seed);
  const Recordings all =
      record(plan.sensor, {plan.seed, 0, plan.scenes, {}}, plan.sensor == Sensor::Camera ? kNightEvery : 0);
  training::BatchOrder order(plan.scenes, plan.batch, plan.seed);

  training::Task task;
  task.phase = plan.name + " encoder";
  task.fingerprint = fingerprint(plan);
  task.groups = {{"encoder", encoder.parameters(), plan.rate, 0.02}};
  task.optimizer.beta2 = 0.999;
  task.schedule = {50, training::Decay::Cosine, 0.01};
  task.loss = [&](std::int64_t step) {
    const Batch batch = batch_at(step, all, order, plan.seed);
    return encoder.loss(encoder.tokens(batch.pictures), batch.kind, batch.status);
  };
  training::RunOptions run = options;
  run.budget.steps = plan.steps;
  training::train(task, run);
  encoder.save(path);
  return judge(encoder, plan);
}

}  // namespace lateral::recipe
