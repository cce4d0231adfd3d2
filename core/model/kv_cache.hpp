#pragma once
// Keys and values of the text columns seen so far, per block: each block has a length and positions of its
// own, so that a range of blocks can run ahead (the frozen prefix), be cut back (a new frame under the same
// question) or be filled again, without touching the others.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/model/spec.hpp"

namespace lateral::model {

/// A growing [batch or 1, length] row of per-column facts, appended in chunks and joined when read. Chunks
/// are shared between blocks, so that a decode step copies none.
class Columns {
 public:
  void append(const at::Tensor& chunk);
  void truncate(std::int64_t length);
  void select_rows(const at::Tensor& rows);
  /// [batch or 1, length]; undefined when empty.
  at::Tensor joined() const;
  bool shares_chunks_with(const Columns& other) const;

 private:
  std::vector<at::Tensor> chunks_;
};

/// Move-only: a copy is a call of clone(), because it costs memory.
/// Thread safety: none; an answer owns its cache.
class KvCache {
 public:
  struct View {
    at::Tensor k, v;  ///< [batch, kv_heads, length, head_dim], keys rotated
  };

  /// An empty cache. Room for `capacity` columns is made when a block is first used, and doubled when it is
  /// too small.
  KvCache(const DecoderSpec& spec, std::int64_t capacity);
  KvCache(KvCache&&) noexcept = default;
  KvCache& operator=(KvCache&&) noexcept = default;
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;
  /// A copy with room for at least `capacity` columns.
  KvCache clone(std::int64_t capacity = 0) const;

  std::int64_t length(std::int64_t block) const;
  /// int64 [batch or 1, length(block)]; undefined when empty.
  at::Tensor positions(std::int64_t block) const;
  /// bool [batch, length(block)], false = padding; undefined when every column is text.
  at::Tensor valid(std::int64_t block) const;
  /// Whether both blocks surely hold equally many columns at the same positions with the same padding, so that
  /// one mask serves both. Columns that came in different calls may count as others.
  bool same_columns(std::int64_t a, std::int64_t b) const;
  View view(std::int64_t block) const;
  std::int64_t bytes() const;  ///< memory reserved, all blocks

  /// Adds columns k, v [batch, kv_heads, T, head_dim] (keys rotated) at `positions` int64 [batch or 1, T];
  /// `valid` bool [batch, T], undefined = all. Returns views of all columns, usable until the next call that
  /// changes the block. Throws InvalidArgument when the batch differs from what the block holds.
  View append(std::int64_t block, const at::Tensor& k, const at::Tensor& v, const at::Tensor& positions,
              const at::Tensor& valid);

  /// Keeps the first `length` columns of the blocks [first, last).
  void truncate(std::int64_t first, std::int64_t last, std::int64_t length);
  /// Row i becomes former row rows[i], in every block. int64 [new batch].
  void select_rows(const at::Tensor& rows);

 private:
  struct Block {
    at::Tensor k, v;  // [batch, kv_heads, capacity, head_dim]
    std::int64_t length = 0;
    Columns positions, valid;
    bool padded = false;  // some column is padding, so `valid` is kept
  };
  KvCache(const KvCache& other, std::int64_t capacity);
  const Block& at(std::int64_t block) const;
  Block& at(std::int64_t block);
  void reserve(Block& block, const at::Tensor& like, std::int64_t columns) const;

  std::int64_t capacity_;
  std::vector<Block> blocks_;
};

}  // namespace lateral::model
