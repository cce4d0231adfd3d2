#include "core/model/attention.hpp"

#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tiny_models.hpp"

namespace lateral::model {
namespace {

using test_models::apart;
using test_models::near;
using test_models::segment_of;

double element(const at::Tensor& x, std::initializer_list<std::int64_t> index) {
  at::Tensor item = x;
  std::int64_t dim = 0;
  for (const std::int64_t i : index) {
    item = item.select(0, x.size(dim) == 1 ? 0 : i);
    ++dim;
  }
  return item.item<double>();
}

struct Column {
  double score = 0.0, weight = 1.0;
  at::Tensor value;
};

// softmax(scores) times values, number by number.
at::Tensor mix(const std::vector<Column>& columns, std::int64_t width) {
  at::Tensor sum = at::zeros({width}, at::kDouble);
  double total = 0.0;
  for (const Column& column : columns) {
    total += std::exp(column.score);
    sum += std::exp(column.score) * column.weight * column.value.to(at::kDouble);
  }
  return columns.empty() ? sum : sum / total;
}

/// methods §1 written out for one query: [alpha Q K_m, Q K_t] / sqrt(h) + mask, one softmax, gated segments beside it.
class Oracle {
 public:
  Oracle(at::Tensor q, TextColumns text) : q_(std::move(q)), text_(std::move(text)) {}

  at::Tensor run(const std::vector<Segment>& segments) const {
    at::Tensor output = at::zeros(q_.sizes(), at::kDouble);
    for (std::int64_t b = 0; b < q_.size(0); ++b) {
      for (std::int64_t h = 0; h < q_.size(1); ++h) {
        for (std::int64_t t = 0; t < q_.size(2); ++t) output[b][h][t] = one(segments, b, h, t);
      }
    }
    return output;
  }

 private:
  double dot(std::int64_t b, std::int64_t h, std::int64_t t, const at::Tensor& key) const {
    const double product = (q_[b][h][t].to(at::kDouble) * key.to(at::kDouble)).sum().item<double>();
    return product / std::sqrt(static_cast<double>(q_.size(3)));
  }

  std::vector<Column> columns_of(const Segment& segment, std::int64_t b, std::int64_t h,
                                 std::int64_t t) const {
    const std::int64_t row = segment.k.size(0) == 1 ? 0 : b;
    const std::int64_t group = h / (q_.size(1) / segment.k.size(1));
    const double alpha = segment.alpha.defined() ? segment.alpha.item<double>() : 1.0;
    std::vector<Column> columns;
    for (std::int64_t m = 0; m < segment.k.size(2); ++m) {
      if (segment.present.defined() && element(segment.present, {b, m}) == 0.0) continue;
      const double bias = segment.score_bias.defined() ? element(segment.score_bias, {b, h, t, m}) : 0.0;
      columns.push_back(
          {alpha * dot(b, h, t, segment.k[row][group][m]) + bias, alpha, segment.v[row][group][m]});
    }
    return columns;
  }

  std::vector<Column> text_columns(std::int64_t b, std::int64_t h, std::int64_t t) const {
    const std::int64_t group = h / (q_.size(1) / text_.k.size(1));
    std::vector<Column> columns;
    for (std::int64_t s = 0; s < text_.k.size(2); ++s) {
      if (text_.causal && s > t) continue;
      const double bias = text_.bias.defined() ? element(text_.bias, {b, 0, t, s}) : 0.0;
      if (std::isinf(bias)) continue;
      columns.push_back({dot(b, h, t, text_.k[b][group][s]) + bias, 1.0, text_.v[b][group][s]});
    }
    return columns;
  }

  at::Tensor one(const std::vector<Segment>& segments, std::int64_t b, std::int64_t h, std::int64_t t) const {
    std::vector<Column> joint = text_columns(b, h, t);
    at::Tensor beside = at::zeros({q_.size(3)}, at::kDouble);
    for (const Segment& segment : segments) {
      const std::vector<Column> columns = columns_of(segment, b, h, t);
      if (segment.merge == Merge::Gated) {
        beside += std::tanh(segment.gate.item<double>()) * mix(columns, q_.size(3));
      } else {
        joint.insert(joint.end(), columns.begin(), columns.end());
      }
    }
    return mix(joint, q_.size(3)) + beside;
  }

  at::Tensor q_;
  TextColumns text_;
};

struct Scene {
  DecoderSpec spec = test_models::llama_spec();
  at::Tensor q;
  TextColumns text;

  explicit Scene(std::int64_t batch = 3, std::int64_t rows = 5) {
    at::manual_seed(4);
    q = at::randn({batch, spec.heads, rows, spec.head_dim});
    text.k = at::randn({batch, spec.kv_heads, rows, spec.head_dim});
    text.v = at::randn({batch, spec.kv_heads, rows, spec.head_dim});
    text.causal = rows > 1;
  }

  // Everything a segment can carry, and a row of the batch without any column.
  std::vector<Segment> all_kinds() const {
    std::vector<Segment> segments(3);
    segments[0] = segment_of(spec, q.size(0), 4);
    segments[0].present = at::ones({q.size(0), 4}, at::kBool);
    segments[0].present[0][2] = false;
    segments[0].present[1].fill_(false);
    segments[0].alpha = at::scalar_tensor(0.6);
    segments[1] = segment_of(spec, 1, 2);
    segments[1].score_bias = at::randn({1, spec.heads, 1, 2});
    segments[2] = segment_of(spec, q.size(0), 3);
    segments[2].merge = Merge::Gated;
    segments[2].gate = at::scalar_tensor(0.3);
    segments[2].present = at::ones({q.size(0), 3}, at::kBool);
    segments[2].present[2].fill_(false);
    return segments;
  }
};

TEST_CASE("segments that do not fit are refused before any arithmetic") {
  const Scene scene;
  const at::NoGradGuard no_gradients;
  const auto refused = [&](const auto& change) {
    std::vector<Segment> segments = {segment_of(scene.spec, 3, 4)};
    change(segments[0]);
    return test::thrown_by([&] { attend(scene.q, scene.text, segments); }).message;
  };
  CHECK_THAT(refused([](Segment& s) { s.k = s.v = s.k.narrow(2, 0, 0); }), Catch::Contains("no columns"));
  CHECK_THAT(refused([](Segment& s) { s.v = s.v.narrow(2, 0, 3); }), Catch::Contains("both alike"));
  CHECK_THAT(refused([](Segment& s) { s.k = s.v = s.k.narrow(0, 0, 2); }), Catch::Contains("row"));
  CHECK_THAT(refused([](Segment& s) { s.k = s.v = s.k.repeat({1, 2, 1, 1}); }), Catch::Contains("kv_heads"));
  CHECK_THAT(refused([](Segment& s) { s.k = s.v = s.k.narrow(3, 0, 5); }), Catch::Contains("head width"));
  CHECK_THAT(refused([](Segment& s) {
               s.present = at::ones({3, 5}, at::kBool);
             }),
             Catch::Contains("present"));
  CHECK_THAT(refused([](Segment& s) { s.merge = Merge::Gated; }), Catch::Contains("gate"));
}

TEST_CASE("merging by log-sum-exp is refused while gradients are recorded") {
  const Scene scene;
  const std::vector<Segment> segments = {segment_of(scene.spec, 3, 4)};
  CHECK(test::thrown_by([&] { attend(scene.q, scene.text, segments, AttentionPath::Merged); }).code ==
        Errc::FailedPrecondition);
}

TEST_CASE("both paths equal the formula in float64") {
  for (const std::int64_t rows : {1, 5}) {
    const Scene scene(3, rows);
    const at::NoGradGuard no_gradients;
    const auto segments = scene.all_kinds();
    const at::Tensor expected = Oracle(scene.q, scene.text).run(segments);
    const at::Tensor joint = attend(scene.q, scene.text, segments, AttentionPath::Joint);
    const at::Tensor merged = attend(scene.q, scene.text, segments, AttentionPath::Merged);
    INFO(apart(joint, expected) << " " << apart(merged, expected));
    CHECK(near(joint, expected, 1e-5));
    CHECK(near(merged, expected, 1e-5));
    const at::AutoGradMode gradients(true);
    CHECK(near(attend(scene.q, scene.text, segments), expected, 1e-5));
  }
}

TEST_CASE("plain attention with a mask equals the formula") {
  Scene scene;
  scene.text.causal = false;
  scene.text.bias = at::zeros({3, 1, 5, 5});
  scene.text.bias.index_put_(
      {at::tensor({0, 1, 2}), at::tensor({0, 0, 0}), at::tensor({1, 2, 3}), at::tensor({0, 2, 1})},
      at::scalar_tensor(-std::numeric_limits<double>::infinity()));
  const at::NoGradGuard no_gradients;
  CHECK(near(attend(scene.q, scene.text, {}), Oracle(scene.q, scene.text).run({}), 1e-5));
}

TEST_CASE("masked columns are as absent as columns that never were") {
  const Scene scene;
  const at::NoGradGuard no_gradients;
  std::vector<Segment> absent = {segment_of(scene.spec, 3, 4)};
  absent[0].present = at::zeros({3, 4}, at::kBool);
  const at::Tensor plain = attend(scene.q, scene.text, {});
  CHECK(at::equal(attend(scene.q, scene.text, absent, AttentionPath::Merged), plain));
  CHECK(near(attend(scene.q, scene.text, absent, AttentionPath::Joint), plain, 1e-6));
  std::vector<Segment> zero = {absent[0]};
  zero[0].present = at::Tensor();
  zero[0].k = at::zeros_like(zero[0].k);
  zero[0].v = at::zeros_like(zero[0].v);
  CHECK(apart(attend(scene.q, scene.text, zero), plain) > 0.05);  // which is why absence is never a zero key
}

TEST_CASE("a gate of zero leaves the text's bits alone") {
  const Scene scene;
  const at::NoGradGuard no_gradients;
  std::vector<Segment> gated = {segment_of(scene.spec, 1, 4)};
  gated[0].merge = Merge::Gated;
  gated[0].gate = at::scalar_tensor(0.0);
  CHECK(at::equal(attend(scene.q, scene.text, gated), attend(scene.q, scene.text, {})));
}

TEST_CASE("gradients of the joint path equal finite differences") {
  const Scene scene(3, 3);
  std::vector<Segment> segments = scene.all_kinds();
  const at::Tensor q = scene.q.to(at::kDouble);
  TextColumns text{scene.text.k.to(at::kDouble), scene.text.v.to(at::kDouble), {}, true};
  for (Segment& segment : segments) {
    segment.k = segment.k.to(at::kDouble);
    segment.v = segment.v.to(at::kDouble);
    if (segment.alpha.defined()) segment.alpha = segment.alpha.to(at::kDouble);
    if (segment.gate.defined()) segment.gate = segment.gate.to(at::kDouble);
    if (segment.score_bias.defined()) segment.score_bias = segment.score_bias.to(at::kDouble);
  }
  const at::Tensor weights = at::randn(q.sizes(), at::kDouble);
  const auto loss = [&] { return (attend(q, text, segments) * weights).sum(); };
  std::vector<at::Tensor> parameters = {segments[0].k, segments[0].v,   segments[0].alpha,
                                        segments[1].k, segments[1].v,   segments[1].score_bias,
                                        segments[2].v, segments[2].gate};
  for (at::Tensor& parameter : parameters) parameter.requires_grad_(true);
  loss().backward();
  for (at::Tensor& parameter : parameters) {
    const at::NoGradGuard no_gradients;
    at::Tensor flat = parameter.detach().view(-1);
    const at::Tensor gradient = parameter.grad().reshape(-1);
    for (std::int64_t i = 0; i < flat.numel(); i += 5) {
      const double kept = flat[i].item<double>();
      constexpr double kStep = 1e-5;
      flat[i] = kept + kStep;
      const double up = loss().item<double>();
      flat[i] = kept - kStep;
      const double down = loss().item<double>();
      flat[i] = kept;
      CHECK(gradient[i].item<double>() ==
            Catch::Approx((up - down) / (2 * kStep)).margin(1e-7).epsilon(1e-5));
    }
  }
}

}  // namespace
}  // namespace lateral::model
