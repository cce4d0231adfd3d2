#pragma once
// A gate that lets a modality say that it sees nothing. At night a camera's tokens still look like something
// to the attention, and an answer with them is worse than an answer without: so a token whose gate is closed
// leaves the attention altogether, and a sample with no open token is absent. Zero keys would not do: they
// keep their share of the softmax.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/connector/tokens.hpp"
#include "core/model/weights.hpp"

namespace lateral::connector {

/// One linear map from a token, or from the mean over a sample's present tokens, to the logit of "this was
/// seen". Copies share tensors. Thread safety: const members from any thread.
class SeenGate {
 public:
  enum class Scope {
    Token,   ///< each token opens and closes by itself
    Sample,  ///< all tokens of a sample together
  };

  /// Weights 0 and bias `bias`: everything is open until it is fitted.
  SeenGate(std::int64_t width, Scope scope, double bias = 4.0);

  Scope scope() const { return scope_; }
  /// What the linear map reads: [batch, M, width], or the means [batch, 1, width] for Scope::Sample.
  at::Tensor reads(const at::Tensor& tokens, const at::Tensor& present) const;
  /// float [batch, M]: above 0 is open. `present` bool [batch, M] or undefined.
  at::Tensor logits(const at::Tensor& tokens, const at::Tensor& present) const;
  /// `present` without the tokens whose gate is closed: bool [batch, M]. Has no gradient.
  at::Tensor open(const at::Tensor& tokens, const at::Tensor& present) const;

  std::vector<model::NamedTensor> parameters() const;  ///< "seen.weight" [1, width], "seen.bias" [1]

 private:
  Scope scope_;
  model::Linear map_;
};

/// How well a gate parts what it was fitted on; ask open() about held-out samples.
struct SeenFit {
  double kept = 0.0;    ///< share of the seen that stays open
  double closed = 0.0;  ///< share of the unseen that is closed
};

/// Fits the gate in place, in milliseconds: logistic regression with both sides weighing the same, however
/// many there are. Only present tokens count; `unseen` are tokens of moments in which the sensor saw nothing
/// (e.g. a camera with its lens covered, or at night). The same tokens give the same bits. Throws
/// InvalidArgument when either side is empty, of another width, or not finite.
SeenFit fit_seen_gate(const SeenGate& gate, const Tokens& seen, const Tokens& unseen);

}  // namespace lateral::connector
