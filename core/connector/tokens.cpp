#include "core/connector/tokens.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "core/base/error.hpp"

namespace lateral::connector {
namespace {

/// A sample as one row: values [M, width], present [M] or undefined.
Tokens as_row(const Tokens& tokens) {
  const bool batched = tokens.values.dim() == 3;
  if (batched && tokens.values.size(0) != 1) {
    fail(Errc::InvalidArgument, "tokens", "a row of a batch is one sample, not ", tokens.values.size(0));
  }
  return {batched ? tokens.values[0] : tokens.values,
          tokens.present.defined() && tokens.present.dim() == 2 ? tokens.present[0] : tokens.present};
}

void check_present(const Tokens& tokens) {
  const auto& mask = tokens.present;
  if (!mask.defined()) return;
  if (mask.scalar_type() != at::kBool || mask.sizes() != tokens.values.sizes().slice(0, 2)) {
    fail(Errc::InvalidArgument, "tokens", "present must be bool of shape ", tokens.values.sizes().slice(0, 2),
         ", found ", mask.scalar_type(), " of shape ", mask.sizes());
  }
}

void check_finite(const Tokens& tokens) {
  auto finite = at::isfinite(tokens.values).all(2);
  if (tokens.present.defined()) finite = finite.logical_or(tokens.present.logical_not());
  if (!finite.all().item<bool>()) {
    fail(Errc::InvalidArgument, "tokens", "the encoder gave NaN or infinity; refusing to attend to it");
  }
}

}  // namespace

void check(const Tokens& tokens, std::int64_t width) {
  const auto& values = tokens.values;
  if (!values.defined() || values.dim() != 3 || values.size(0) < 1 || values.size(1) < 1 ||
      values.size(2) != width || !at::isFloatingType(values.scalar_type())) {
    fail(Errc::InvalidArgument, "tokens", "expected floating-point [batch, tokens, ", width,
         "], none of them 0, found ",
         values.defined() ? detail::concat(values.scalar_type(), " ", values.sizes())
                          : std::string("nothing"));
  }
  check_present(tokens);
  check_finite(tokens);
}

std::optional<Tokens> batch_of(std::span<const std::optional<Tokens>> rows) {
  std::vector<std::optional<Tokens>> samples;
  const Tokens* model = nullptr;
  std::int64_t longest = 0;
  bool padded = false;
  samples.reserve(rows.size());
  for (const auto& row : rows) {
    samples.push_back(row ? std::optional(as_row(*row)) : std::nullopt);
    if (!row) continue;
    const auto& sample = *samples.back();
    if (model == nullptr) model = &*samples.back();
    if (sample.values.dim() != 2 || sample.values.size(1) != model->values.size(1)) {
      fail(Errc::InvalidArgument, "tokens", "samples of one batch differ in width: ", model->values.sizes(),
           " and ", sample.values.sizes());
    }
    longest = std::max(longest, sample.values.size(0));
  }
  if (longest == 0) return std::nullopt;

  const auto count = static_cast<std::int64_t>(rows.size());
  auto values = at::zeros({count, longest, model->values.size(1)}, model->values.options());
  auto present = at::zeros({count, longest}, model->values.options().dtype(at::kBool));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& sample = samples[static_cast<std::size_t>(i)];
    const auto tokens = sample ? sample->values.size(0) : 0;
    padded = padded || tokens != longest || sample->present.defined();
    if (tokens == 0) continue;
    values[i].narrow(0, 0, tokens).copy_(sample->values);
    auto mask = present[i].narrow(0, 0, tokens);
    sample->present.defined() ? mask.copy_(sample->present) : mask.fill_(true);
  }
  return Tokens{values, padded ? present : at::Tensor()};
}

at::Tensor select_rows(const at::Tensor& tensor, const at::Tensor& rows) {
  if (!tensor.defined() || tensor.size(0) == 1) return tensor;
  return tensor.index_select(0, rows);
}

}  // namespace lateral::connector
