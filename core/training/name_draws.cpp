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

Naming named(std::span<const Example> examples) {
  auto naming = naming_of(examples);
  if (!naming) fail(Errc::InvalidArgument, "adapt", "a summary needs moments that share their answers");
  return *std::move(naming);
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
  const auto learned = pooled(summary, tokens, known, known_labels);
  const auto checked = pooled(summary, tokens, held_out, held_out_labels);
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
  for (const auto& [name, tensor] : adapter_.source().summary()->parameters())
    tensor.copy_(name.ends_with("weight") ? weight : bias);
}

NameDraws::Moments NameDraws::draw(std::int64_t count, std::uint64_t seed) const {
  Random random(seed);
  Moments moments;
  std::vector<std::int64_t> labels;
  auto noise = at::empty({count, all_.means.size(1)}, at::kDouble);
  double* const cells = noise.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < noise.numel(); ++i) cells[i] = random.normal();
  for (std::int64_t i = 0; i < count; ++i) {
    // As often as in the examples: how likely an answer is beforehand is part of what is learned.
    labels.push_back(naming_.labels[random.below(static_cast<std::uint32_t>(naming_.labels.size()))]);
    const auto& asked = naming_.examples[static_cast<std::size_t>(labels.back())];
    moments.examples.push_back(asked[random.below(static_cast<std::uint32_t>(asked.size()))]);
  }
  const auto drawn = all_.means.index_select(0, at::tensor(labels, at::kLong)) + kFurther * spread_ * noise;
  const auto likeness = likeness_of(all_.means, frequencies_, spread_);
  const auto likely = at::linear(drawn, likeness.weight, likeness.bias).softmax(1);
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
