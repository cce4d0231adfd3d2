#pragma once
// One encode of made-up inputs, before anybody depends on a plugin.

#include <chrono>
#include <deque>
#include <span>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/revision.hpp"
#include "core/plugin/sample.hpp"

namespace lateral::plugin {

/// Inputs of the shapes that an encoder declares, the optional ones left out; axes of any size get a few elements. The
/// same each time. Neither copied nor moved: the inputs point into it. Throws InvalidArgument where an input would have
/// more than 256 MiB.
class SyntheticSample {
 public:
  explicit SyntheticSample(const EncoderSpec& spec);
  SyntheticSample(const SyntheticSample&) = delete;
  SyntheticSample& operator=(const SyntheticSample&) = delete;

  std::span<const Input> inputs() const { return inputs_; }

 private:
  std::deque<std::vector<std::byte>> memory_;
  std::vector<Input> inputs_;
};

/// Creates each encoder and lets it encode a SyntheticSample; the tokens are checked as those of every encode. An encoder
/// that refuses the content with InvalidArgument (it wants, say, a compressed picture) has passed: it answered. One whose
/// inputs are too large to be made up is not tried. Throws
/// PluginFault or what the plugin reported, saying that it was the self-test.
void self_test(Revision& revision, std::chrono::milliseconds timeout);

}  // namespace lateral::plugin
