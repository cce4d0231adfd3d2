#include "plugins/common/bin_encoder.hpp"

#include <cmath>
#include <utility>

namespace lateral::plugins {
namespace {

std::string path_of(const sdk::Host& host, const std::string& file) {
  return !file.empty() && file.front() == '/' ? file : host.file(file);
}

}  // namespace

BinEncoder::BinEncoder(const sdk::Host& host, sdk::Options& options, const char* file, Signal blank)
    : BinEncoder(Weights::load(path_of(host, options.get("weights", file))), std::move(blank)) {}

BinEncoder::BinEncoder(const Weights& weights, Signal blank)
    : token_space_(weights.note("token_space")),
      network_(weights.note("network"), weights),
      head_(weights, "head") {
  const Signal tokens = network_.run(std::move(blank));
  tokens_ = tokens.values.rows();
  width_ = tokens.values.cols();
  if (tokens.rows != 0 || head_.inputs() != width_ || head_.outputs() < 3) {
    sdk::fail(LAT_DATA_LOSS, "the weights do not end in tokens that their head fits");
  }
}

void BinEncoder::describe(sdk::Info& info) const {
  info.token_space = token_space_;
  info.token_width = static_cast<std::uint32_t>(width_);
  info.max_tokens = static_cast<std::uint32_t>(tokens_);
  info.reentrant = true;
  info.scores = true;
  info.position_axes = {"bearing"};
  info.position_units = "degrees";
}

void BinEncoder::encode(Signal in, const sdk::Outputs& out) const {
  const Signal tokens = network_.run(std::move(in));
  std::copy_n(tokens.values.data(), tokens.values.size(), out.tokens().data());
  Matrix classes = head_(tokens.values);
  softmax_rows(classes);
  for (Eigen::Index i = 0; i < tokens_; ++i) {
    const float bearing = -30.0F + 360.0F * (static_cast<float>(i) + 0.5F) / static_cast<float>(tokens_);
    if (out.scores()) out.scores().data()[i] = 1.0F - classes.row(i).tail(2).sum();
    if (out.positions()) out.positions().data()[i] = bearing < 0 ? bearing + 360.0F : bearing;
  }
}

}  // namespace lateral::plugins
