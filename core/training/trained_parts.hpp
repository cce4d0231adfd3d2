#pragma once
// Which tensors a run moves: those of an adapter, and those of a decoder that was made trainable.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/connector/adapter.hpp"
#include "core/model/decoder.hpp"
#include "core/training/named_tensors.hpp"

namespace lateral::training {

/// The adapter's tensors whose names begin with `prefix`, e.g. "aligner.", "links.", "lora.".
NamedTensors parameters_of(const connector::Adapter& adapter, std::string_view prefix);

/// Makes an adapter's parameters record gradients, and no longer when it goes: an adapter that still does
/// would make every later answer record a graph.
class RecordGradients {
 public:
  explicit RecordGradients(const NamedTensors& tensors);
  ~RecordGradients();
  RecordGradients(const RecordGradients&) = delete;
  RecordGradients& operator=(const RecordGradients&) = delete;

 private:
  NamedTensors tensors_;
};

struct TrainableBlocks {
  NamedTensors tensors;    ///< under their Hugging Face names; empty for a frozen decoder
  std::int64_t first = 0;  ///< the lowest block with one; the number of layers if there is none
};
/// What of `decoder` records gradients (Decoder::trainable).
/// Throws Unsupported when its embeddings do: then no text state is frozen.
TrainableBlocks trainable_blocks(const model::Decoder& decoder);

}  // namespace lateral::training
