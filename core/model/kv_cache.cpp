#include "core/model/kv_cache.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::model {

void Columns::append(const at::Tensor& chunk) {
  chunks_.push_back(chunk);
}

void Columns::truncate(std::int64_t length) {
  std::int64_t kept = 0;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const std::int64_t room = length - kept;
    if (chunks_[i].size(1) <= room) {
      kept += chunks_[i].size(1);
      continue;
    }
    chunks_[i] = chunks_[i].narrow(1, 0, room);
    chunks_.resize(i + (room > 0 ? 1 : 0));
    return;
  }
}

void Columns::select_rows(const at::Tensor& rows) {
  for (at::Tensor& chunk : chunks_) {
    if (chunk.size(0) > 1) chunk = chunk.index_select(0, rows);
  }
}

at::Tensor Columns::joined() const {
  if (chunks_.empty()) return {};
  if (chunks_.size() == 1) return chunks_.front();
  std::int64_t batch = 1;
  for (const at::Tensor& chunk : chunks_) batch = std::max(batch, chunk.size(0));
  std::vector<at::Tensor> full;
  full.reserve(chunks_.size());
  for (const at::Tensor& chunk : chunks_) full.push_back(chunk.expand({batch, chunk.size(1)}));
  return at::cat(full, 1);
}

bool Columns::shares_chunks_with(const Columns& other) const {
  return std::equal(chunks_.begin(), chunks_.end(), other.chunks_.begin(), other.chunks_.end(),
                    [](const at::Tensor& a, const at::Tensor& b) { return a.is_same(b); });
}

KvCache::KvCache(const DecoderSpec& spec, std::int64_t capacity)
    : capacity_(std::max<std::int64_t>(capacity, 1)), blocks_(static_cast<std::size_t>(spec.layers)) {}

KvCache KvCache::clone(std::int64_t capacity) const {
  KvCache copy(*this, std::max(capacity, capacity_));
  for (Block& block : copy.blocks_) {
    if (!block.k.defined()) continue;
    const Block original = block;
    block.k = at::Tensor();
    copy.reserve(block, original.k, original.length);
    block.k.narrow(2, 0, block.length).copy_(original.k.narrow(2, 0, block.length));
    block.v.narrow(2, 0, block.length).copy_(original.v.narrow(2, 0, block.length));
  }
  return copy;
}

KvCache::KvCache(const KvCache& other, std::int64_t capacity) : capacity_(capacity), blocks_(other.blocks_) {}

const KvCache::Block& KvCache::at(std::int64_t block) const {
  if (block < 0 || block >= static_cast<std::int64_t>(blocks_.size())) {
    fail(Errc::InvalidArgument, "kv_cache", "block ", block, " of ", blocks_.size());
  }
  return blocks_[static_cast<std::size_t>(block)];
}

KvCache::Block& KvCache::at(std::int64_t block) {
  return const_cast<Block&>(std::as_const(*this).at(block));
}

std::int64_t KvCache::length(std::int64_t block) const {
  return at(block).length;
}

at::Tensor KvCache::positions(std::int64_t block) const {
  return at(block).positions.joined();
}

at::Tensor KvCache::valid(std::int64_t block) const {
  return at(block).padded ? at(block).valid.joined() : at::Tensor{};
}

bool KvCache::same_columns(std::int64_t a, std::int64_t b) const {
  return at(a).length == at(b).length && at(a).positions.shares_chunks_with(at(b).positions) &&
         at(a).padded == at(b).padded && (!at(a).padded || at(a).valid.shares_chunks_with(at(b).valid));
}

KvCache::View KvCache::view(std::int64_t block) const {
  const Block& b = at(block);
  if (!b.k.defined()) return {};
  return {b.k.narrow(2, 0, b.length), b.v.narrow(2, 0, b.length)};
}

std::int64_t KvCache::bytes() const {
  std::int64_t sum = 0;
  for (const Block& block : blocks_) {
    if (block.k.defined()) sum += static_cast<std::int64_t>(block.k.nbytes() + block.v.nbytes());
  }
  return sum;
}

void KvCache::reserve(Block& block, const at::Tensor& like, std::int64_t columns) const {
  const std::int64_t had = block.k.defined() ? block.k.size(2) : 0;
  if (columns <= had) return;
  const std::int64_t room = std::max({columns, capacity_, 2 * had});
  const std::vector<std::int64_t> shape = {like.size(0), like.size(1), room, like.size(3)};
  at::Tensor k = at::empty(shape, like.options().requires_grad(false));
  at::Tensor v = at::empty_like(k);
  if (had > 0) {
    k.narrow(2, 0, block.length).copy_(block.k.narrow(2, 0, block.length));
    v.narrow(2, 0, block.length).copy_(block.v.narrow(2, 0, block.length));
  }
  block.k = std::move(k);
  block.v = std::move(v);
}

KvCache::View KvCache::append(std::int64_t index, const at::Tensor& k, const at::Tensor& v,
                              const at::Tensor& positions, const at::Tensor& valid) {
  Block& block = at(index);
  if (block.k.defined() && block.k.size(0) != k.size(0)) {
    fail(Errc::InvalidArgument, "kv_cache", "batch of ", k.size(0), " rows for block ", index,
         ", which holds ", block.k.size(0), "; select_rows() changes them");
  }
  const std::int64_t columns = k.size(2);
  reserve(block, k, block.length + columns);
  block.k.narrow(2, block.length, columns).copy_(k);
  block.v.narrow(2, block.length, columns).copy_(v);
  block.positions.append(positions);
  if (valid.defined() && !block.padded) {
    block.padded = true;
    if (block.length > 0) block.valid.append(at::ones({1, block.length}, valid.options()));
  }
  if (block.padded)
    block.valid.append(valid.defined() ? valid : at::ones({1, columns}, k.options().dtype(at::kBool)));
  block.length += columns;
  return view(index);
}

void KvCache::truncate(std::int64_t first, std::int64_t last, std::int64_t length) {
  for (std::int64_t index = first; index < last; ++index) {
    Block& block = at(index);
    if (block.length <= length) continue;
    block.length = length;
    block.positions.truncate(length);
    block.valid.truncate(length);
    if (length == 0) block = Block{};
  }
}

void KvCache::select_rows(const at::Tensor& rows) {
  for (Block& block : blocks_) {
    if (!block.k.defined()) continue;
    const Block before = block;
    block.k = at::Tensor();
    const at::Tensor k = before.k.narrow(2, 0, block.length).index_select(0, rows);
    reserve(block, k, before.k.size(2));
    block.k.narrow(2, 0, block.length).copy_(k);
    block.v.narrow(2, 0, block.length).copy_(before.v.narrow(2, 0, block.length).index_select(0, rows));
    block.positions.select_rows(rows);
    block.valid.select_rows(rows);
  }
}

}  // namespace lateral::model
