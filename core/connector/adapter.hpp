#pragma once
// The trained part of a connection, and what it was made for.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/connector/aligner.hpp"
#include "core/connector/kv_lora.hpp"
#include "core/connector/late_kv_source.hpp"
#include "core/connector/links.hpp"
#include "core/connector/seen_gate.hpp"
#include "core/connector/summary.hpp"
#include "core/model/spec.hpp"
#include "core/wiring/block_set.hpp"
#include "core/wiring/method.hpp"

namespace lateral::connector {

/// All that an adapter file's metadata says.
struct AdapterInfo {
  std::string base_model = {};  ///< fingerprint of the language model, as the caller computes it
  /// What the encoder's numbers mean (plugin API): other weights, another space.
  std::string token_space = {};
  std::string plugin =
      {};  ///< what the host called the plugin it was trained with: a name, which nobody compares
  std::string library = {};  ///< id of that plugin's library; empty = the same
  std::string encoder = {};  ///< id of the encoder in it
  wiring::Method method = wiring::Method::LateKv;
  wiring::BlockSet blocks;
  AlignerShape aligner = {};  ///< its width is that of the encoder's tokens, or the kinds of the summary
  std::optional<SummaryShape> summary = {};
  double tau = 1.0;
  std::optional<SeenGate::Scope> seen = {};
  std::optional<LoraShape> lora = {};
  std::uint64_t seed = 0;
  /// How it was trained and how well it did: free keys (e.g. "samples", "seconds", "held_out_accuracy").
  std::map<std::string, std::string> training = {};

  std::int64_t token_width() const { return summary ? summary->width : aligner.width; }  ///< of the encoder
};

/// Copies share tensors; clone() does not. Thread safety: const members from any thread, as long as nobody
/// trains the tensors meanwhile: publish a clone.
class Adapter {
 public:
  /// A fresh adapter, initialised from info.seed.
  explicit Adapter(AdapterInfo info);

  const AdapterInfo& info() const { return info_; }
  /// What training tells about itself: the only part of info() that may change.
  std::map<std::string, std::string>& training() { return info_.training; }
  const LateKvSource& source() const { return *source_; }
  const std::shared_ptr<const LateKvSource>& shared_source() const { return source_; }
  const std::shared_ptr<const KvLora>& lora() const { return lora_; }  ///< null = none

  /// All trained tensors, named as in the file. The adapter's own: filling them changes it.
  std::vector<model::NamedTensor> parameters() const;
  /// Tensors of its own, without gradients.
  Adapter clone() const;
  /// A clone with a fresh gate, open until it is fitted (fit_seen_gate), or without one.
  Adapter with_seen_gate(std::optional<SeenGate::Scope> scope) const;
  /// What reads the summary's token: an adapter without the summary that shares its other tensors with this
  /// one.
  Adapter behind_summary() const;
  /// Makes all parameters record gradients, or none.
  void require_gradients(bool required) const;
  /// 16 hexadecimal digits over the metadata that change answers and over the bits of every tensor.
  std::string identity() const;

 private:
  Adapter(AdapterInfo info, std::shared_ptr<const LateKvSource> source, std::shared_ptr<const KvLora> lora);

  AdapterInfo info_;
  std::shared_ptr<const LateKvSource> source_;
  std::shared_ptr<const KvLora> lora_;
};

}  // namespace lateral::connector
