#include "core/training/early_states.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "early states";
constexpr std::size_t kSequencesAtOnce = 32;

void sort_unique(std::vector<model::Ids>& sequences) {
  std::sort(sequences.begin(), sequences.end(), [](const model::Ids& a, const model::Ids& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
}

}  // namespace

at::Tensor padded_ids(std::span<const model::Ids> sequences) {
  std::size_t longest = 0;
  for (const auto& ids : sequences) longest = std::max(longest, ids.size());
  auto padded =
      at::zeros({static_cast<std::int64_t>(sequences.size()), static_cast<std::int64_t>(longest)}, at::kLong);
  auto* row = padded.mutable_data_ptr<std::int64_t>();
  for (const auto& ids : sequences) {
    std::copy(ids.begin(), ids.end(), row);
    row += longest;
  }
  return padded;
}

EarlyStates::EarlyStates(model::Decoder decoder, std::int64_t first_block, std::int64_t max_bytes)
    : decoder_(std::move(decoder)), first_block_(first_block), max_bytes_(max_bytes) {
  if (first_block < 0 || first_block > decoder_.spec().layers) {
    fail(Errc::InvalidArgument, kWhere, "block ", first_block, " is not in [0, ", decoder_.spec().layers,
         "]");
  }
}

void EarlyStates::keep(std::vector<model::Ids> sequences, const CancelToken& cancel,
                       const ProgressCallback& progress) {
  sort_unique(sequences);
  ProgressMeter meter(kWhere, 0, static_cast<std::int64_t>(sequences.size()), progress);
  for (std::size_t first = 0; first < sequences.size(); first += kSequencesAtOnce) {
    cancel.check(kWhere);
    const auto chunk =
        std::span(sequences).subspan(first, std::min(kSequencesAtOnce, sequences.size() - first));
    const auto states = compute(chunk);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const auto size = static_cast<std::int64_t>(states[i].nbytes());
      if (bytes_ + size > max_bytes_) return;  // all that follow are as long or longer
      if (states_.emplace(chunk[i], states[i].clone()).second) bytes_ += size;
    }
    meter.advance(static_cast<std::int64_t>(first + chunk.size()));
  }
}

at::Tensor EarlyStates::batch(std::span<const model::Ids> sequences) const {
  std::vector<model::Ids> missing;
  for (const auto& ids : sequences) {
    if (states_.count(ids) == 0) missing.push_back(ids);
  }
  sort_unique(missing);
  const auto computed = compute(missing);
  std::int64_t longest = 0;
  for (const auto& ids : sequences) longest = std::max(longest, static_cast<std::int64_t>(ids.size()));
  auto padded = at::zeros({static_cast<std::int64_t>(sequences.size()), longest, decoder_.spec().hidden},
                          decoder_.options());
  for (std::size_t row = 0; row < sequences.size(); ++row) {
    const auto kept = states_.find(sequences[row]);
    const auto place = std::find(missing.begin(), missing.end(), sequences[row]);
    const auto& state =
        kept != states_.end() ? kept->second : computed[static_cast<std::size_t>(place - missing.begin())];
    padded[static_cast<std::int64_t>(row)].narrow(0, 0, state.size(0)).copy_(state);
  }
  return padded;
}

std::vector<at::Tensor> EarlyStates::compute(std::span<const model::Ids> sequences) const {
  if (sequences.empty()) return {};
  const c10::NoGradGuard no_grad;
  const auto ids = padded_ids(sequences).to(decoder_.options().device());
  const auto states = decoder_.forward(0, first_block_, decoder_.embed(ids));
  std::vector<at::Tensor> rows;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    rows.push_back(
        states[static_cast<std::int64_t>(i)].narrow(0, 0, static_cast<std::int64_t>(sequences[i].size())));
  }
  return rows;
}

}  // namespace lateral::training
