#include "core/training/name_draws.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/connector/connection.hpp"
#include "core/training/logistic.hpp"

namespace lateral::training {
namespace {

constexpr const char* kConnection = "adapting";
// Where nothing is held out: samples stray this much further than those that the discriminant was fitted on.
constexpr double kUsualSpread = 1.5;
// Drawn moments stray further than real ones do: what lies between two classes must get the name of one of
// them, not a mixture of both.
constexpr double kFurther = 1.7;
// Of the logistic half of a summary; the other half keeps it from following single samples.
constexpr double kPenalty = 1;
// What a summary finds likely is made this much clearer. A token that is half of one kind and half of another is spelled
// as a mixture of both names; the order of the kinds, and with it the name, stays as it was.
constexpr double kClearness = 2;
// Before fitting, each stretch gets this share of the mean over all of them, so that a weight for all is cheaper than
// different ones for each. Words said sooner or later are then told apart better (spoken digits of a fourth speaker .69
// for .675, nothing lost elsewhere).
constexpr double kCommon = 0.4;

Naming named(std::span<const Example> examples) {
  auto naming = naming_of(examples);
  if (!naming) fail(Errc::InvalidArgument, "adapt", "a summary needs moments that share their answers");
  return *std::move(naming);
}

/// Rows [n, segments * width] of pooled tokens, or of weights for these: the map is its own transpose.
at::Tensor with_common(const at::Tensor& rows, const connector::SummaryShape& shape) {
  const auto stretches = rows.view({rows.size(0), shape.segments, shape.width});
  return (stretches + kCommon * stretches.mean(1, /*keepdim=*/true)).flatten(1);
}

at::Tensor frequencies_of(const Naming& naming) {
  return at::bincount(at::tensor(naming.labels, at::kLong), {}, naming.classes()).to(at::kDouble) /
         static_cast<double>(naming.labels.size());
}

std::shared_ptr<const connector::Wiring> wired(const std::vector<Sense>& beside,
                                               const connector::Adapter& adapter) {
  connector::Wiring wiring;
  for (const auto& sense : beside) wiring = wiring.with(sense.connection);
  wiring = wiring.with(connector::connection_of(kConnection, adapter.behind_summary()));
  return std::make_shared<const connector::Wiring>(std::move(wiring));
}

}  // namespace

NameDraws::NameDraws(const connector::Adapter& adapter, std::span<const Example> examples, const Split& split,
                     const TokenProvider& tokens, std::vector<Sense> beside)
    : adapter_(adapter),
      naming_(named(examples)),
      beside_(std::move(beside)),
      frequencies_(frequencies_of(naming_)),
      spread_(kUsualSpread),
      wiring_(wired(beside_, adapter)) {
  const c10::NoGradGuard no_gradients;
  const auto& summary = *adapter.source().summary();
  std::set<std::string> aside;
  for (const Example* example : split.held_out) aside.insert(example->sample);
  std::vector<std::string> known, held_out;
  std::vector<std::int64_t> known_labels, held_out_labels;
  for (std::size_t i = 0; i < naming_.samples.size(); ++i) {
    const bool is_aside = aside.contains(naming_.samples[i]);
    (is_aside ? held_out : known).push_back(naming_.samples[i]);
    (is_aside ? held_out_labels : known_labels).push_back(naming_.labels[i]);
  }
  const auto read = [&](const std::vector<std::string>& moments, const std::vector<std::int64_t>& labels) {
    auto samples = pooled(summary, tokens, moments, labels);
    samples.values = with_common(samples.values, summary.shape());
    return samples;
  };
  const auto learned = read(known, known_labels), checked = read(held_out, held_out_labels);
  const DiscriminantShape shape{.classes = naming_.classes(),
                                .rank = std::min(naming_.classes() - 1, summary.shape().pooled())};
  samples_ = {at::cat({learned.values, checked.values}), at::cat({learned.labels, checked.labels})};
  all_ = fit_discriminant(samples_.values, samples_.labels, shape);
  const auto part = fit_discriminant(learned.values, learned.labels, shape);
  if (checked.values.size(0) > 0) spread_ = training::spread(part, checked.values, checked.labels);
  install(part, learned);
}

void NameDraws::install(const Discriminant& discriminant, const PooledSamples& samples) const {
  const c10::NoGradGuard no_gradients;
  const auto likeness = likeness_of(discriminant.means, frequencies_, spread_);
  const auto border = fit_logistic(samples.values, samples.labels, naming_.classes(), kPenalty);
  const auto weight = (likeness.weight.matmul(discriminant.weight) + border.weight) / 2;
  const auto bias = (likeness.weight.mv(discriminant.bias) + likeness.bias + border.bias) / 2;
  const auto& summary = *adapter_.source().summary();
  for (const auto& [name, tensor] : summary.parameters())
    tensor.copy_(kClearness * (name.ends_with("weight") ? with_common(weight, summary.shape()) : bias));
}

NameDraws::Moments NameDraws::draw(std::int64_t count, std::uint64_t seed) const {
  Random random(seed);
  Moments moments;
  std::vector<std::int64_t> labels;
  auto noise = at::empty({count, all_.means.size(1)}, at::kDouble);
  double* const cells = noise.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < noise.numel(); ++i) cells[i] = random.normal();
  for (std::int64_t i = 0; i < count; ++i) {
    // As often as in the examples.
    labels.push_back(naming_.labels[random.below(static_cast<std::uint32_t>(naming_.labels.size()))]);
  }
  const auto drawn = all_.means.index_select(0, at::tensor(labels, at::kLong)) + kFurther * spread_ * noise;
  const auto likeness = likeness_of(all_.means, frequencies_, spread_);
  const auto likely = (kClearness * at::linear(drawn, likeness.weight, likeness.bias)).softmax(1);
  // What a moment is likest to is to be said, not the class around which it was drawn: which of two classes it was
  // cannot be known from the token, and would only be noise in the lesson of how to spell them.
  for (const auto& kind : likely.argmax(1).unbind()) {
    const auto& asked = naming_.examples[static_cast<std::size_t>(kind.item<std::int64_t>())];
    moments.examples.push_back(asked[random.below(static_cast<std::uint32_t>(asked.size()))]);
  }
  moments.tokens = connector::Summary::scaled(likely).to(at::kFloat).unsqueeze(1);
  return moments;
}

std::unique_ptr<connector::AnswerAttachments> NameDraws::attach(const Moments& moments,
                                                                const connector::TextView& text,
                                                                std::int64_t layers) const {
  std::map<std::string, connector::Tokens> tokens{{kConnection, {moments.tokens, {}}}};
  std::vector<std::string> samples;
  for (const Example* example : moments.examples) samples.push_back(example->sample);
  for (const auto& sense : beside_) {
    if (auto batch = tokens_of(sense.tokens, samples))
      tokens.emplace(sense.connection->id, *std::move(batch));
  }
  return connector::attach_for_batch(wiring_, static_cast<int>(layers), tokens, text);
}

void NameDraws::fit_to_all() const {
  install(all_, samples_);
}

}  // namespace lateral::training
