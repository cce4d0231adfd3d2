#pragma once
// What a decoder is made of, as one set of numbers and switches: a family is a way to fill it in, not a class.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::model {

enum class NormKind { Layer, Rms };
enum class PositionKind {
  /// A table added to the embeddings (OPT).
  Learned,
  /// Queries and keys are turned by their position, first half of each head against the second (Llama).
  Rotary,
  /// Scores lose a slope of the head's times the distance (BLOOM; ALiBi, arXiv 2108.12409).
  Alibi,
};
/// Where one projection makes queries, keys and values, the order of its outputs.
enum class QkvLayout {
  Separate,   ///< three projections
  HeadMajor,  ///< for each head its query, key and value (BLOOM, GPT-NeoX)
  PartMajor,  ///< all queries, all keys, all values (GPT-2)
};
enum class Activation { Relu, Gelu, GeluTanh, Silu };

/// Rotary frequencies: head dimension pair i turns by position * theta^(-2i / width), after scaling.
struct RotarySpec {
  enum class Scaling { None, Linear, Llama3, Yarn, Long };
  double theta = 10000.0;
  std::int64_t width = 0;  ///< how many dimensions of each head turn, from the first; 0 = all
  Scaling scaling = Scaling::None;
  double factor = 1.0;                     ///< Linear, Llama3, Yarn: long wavelengths are stretched by it
  std::int64_t original_positions = 8192;  ///< Llama3, Yarn, Long: positions before stretching
  double low_frequency_factor = 1.0, high_frequency_factor = 4.0;  ///< Llama3 only
  /// Yarn only: dimensions that turn more often than `fast` within the original positions are kept, less often
  /// than `slow` stretched; `truncate` rounds both limits to whole dimensions.
  double fast = 32.0, slow = 1.0;
  bool truncate = true;
  double amplitude = 1.0;  ///< Yarn, Long: cosines and sines are multiplied by it
  /// Long only: for each pair of dimensions that turns, what its wavelength is stretched by in a row of at most
  /// `original_positions` columns, and in a longer one.
  std::vector<double> short_factors, long_factors;
};

struct DecoderSpec {
  std::string family;  ///< a model_type: chooses names in files (families.hpp), nothing else

  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  ///< divides heads; fewer than heads is grouped-query attention
  std::int64_t head_dim = 0;  ///< heads * head_dim need not be hidden
  std::int64_t intermediate = 0;
  std::int64_t vocab = 0;
  std::int64_t max_positions = 0;
  /// Width of the token table; where it is not hidden, projections go in and out.
  std::int64_t embedding_width = 0;

  NormKind norm = NormKind::Rms;
  double norm_epsilon = 1e-5;
  bool norm_affine = true;         ///< layer norms have a weight and a bias
  bool pre_norm = true;            ///< false: each norm follows its residual sum (OPT-350M)
  bool parallel_residual = false;  ///< x + attention(norm(x)) + FFN(other norm(x)); wants pre_norm
  bool residual_of_norm = false;   ///< norm(x) + attention(norm(x)), FFN likewise; wants pre_norm
  bool embedding_norm = false;     ///< a norm between the embeddings and the first block
  bool final_norm = true;          ///< a norm before the head
  bool qk_norm = false;            ///< queries and keys are normed head by head before they turn

  PositionKind positions = PositionKind::Rotary;
  std::int64_t position_offset = 0;  ///< learned positions start at this row of their table (OPT: 2)
  RotarySpec rotary;
  /// For each block how many columns up to its own a row sees (sliding windows), 0 = all; empty: all, everywhere.
  std::vector<std::int64_t> windows;

  bool scores_by_width = true;   ///< scores are divided by sqrt(head_dim)
  bool scores_by_block = false;  ///< and by the number of their block, from 1

  QkvLayout qkv = QkvLayout::Separate;
  Activation activation = Activation::Silu;
  bool gated_ffn = true;  ///< down(act(gate(x)) * up(x)) instead of down(act(up(x)))
  bool qkv_bias = false, output_bias = false, ffn_bias = false;
  bool tied_head = true;  ///< the head is the token table

  std::int64_t bos = -1, pad = -1;  ///< -1: the model has none
  std::vector<std::int64_t> eos;    ///< ids that end an answer

  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t rotary_width() const { return rotary.width > 0 ? rotary.width : head_dim; }
  std::int64_t window(std::int64_t block) const {
    return windows.empty() ? 0 : windows[static_cast<std::size_t>(block)];
  }
};

/// Reads a Hugging Face config.json of a family in families.hpp (as transformers 4 and 5 write them).
/// Throws Corrupt (not JSON), InvalidArgument with every missing or impossible value at once, Unsupported for
/// another model_type, activation, rotary scaling or variant, naming those that work. `source` is used in
/// messages.
DecoderSpec parse_spec(std::string_view json, std::string_view source);
DecoderSpec read_spec(const std::filesystem::path& config_json);

/// Throws InvalidArgument with all that cannot work in `spec`.
void check_spec(const DecoderSpec& spec, std::string_view source);

}  // namespace lateral::model
