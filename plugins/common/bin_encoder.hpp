#pragma once
// What the bundled encoders have in common: a network that turns a ring of columns into 24 tokens, one for
// each 15 degrees, and a head that tells how likely it is that something stands there.
//
// The weights file's metadata says: "network" (the program, see network.hpp), "token_space". Its array "head"
// [classes, width] with bias classifies tokens; the last two classes are "empty" and "unseen".

#include <string>

#include <lateral/plugin.hpp>

#include "plugins/common/network.hpp"

namespace lateral::plugins {

class BinEncoder {
 public:
  /// Reads the file that option "weights" names (relative to the plugin's folder), or `file` beside the plugin.
  /// Runs once on `blank`, so that weights that do not fit are found at load and not with the first sample.
  BinEncoder(const sdk::Host& host, sdk::Options& options, const char* file, Signal blank);

  /// Fills what the weights decide: token space, sizes, scores and positions.
  void describe(sdk::Info& info) const;
  /// Tokens [24, width]; scores: the probability that something is seen there; positions: the bearing
  /// in degrees.
  void encode(Signal in, const sdk::Outputs& out) const;

 private:
  explicit BinEncoder(const Weights& weights, Signal blank);

  std::string token_space_;
  Network network_;
  Linear head_;
  Eigen::Index tokens_ = 0, width_ = 0;
};

}  // namespace lateral::plugins
