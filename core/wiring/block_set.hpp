#pragma once
// Which blocks of a decoder a connection reaches.
// Blocks count from 0; block `layers - 1` stands before the head.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::wiring {

/// A non-empty set of blocks of a decoder with a known number of layers. Immutable value; any thread.
class BlockSet {
 public:
  /// Understands what a configuration may say:
  ///   "last:4"  the last four blocks
  ///   "3..6"    blocks 3 to 6, both included
  ///   "4,5,7"   these blocks
  ///   "all"     every block
  ///   "auto"    the last half, rounded up: of 24 blocks 4 to 7 were too few and 10 to 13 enough
  ///             (mPnP-LLM, arXiv 2312.07886)
  /// Throws InvalidArgument that names the text, what is wrong with it, and the range of blocks there are.
  static BlockSet parse(std::string_view text, int layers);

  /// The blocks of a list such as [4, 5, 6, 7], in any order. Throws InvalidArgument when it is empty,
  /// repeats a block or names one that is not there.
  static BlockSet of(std::span<const int> blocks, int layers);

  /// Blocks `first` to `last`, both included.
  static BlockSet range(int first, int last, int layers);

  int layers() const noexcept { return layers_; }
  int size() const noexcept { return static_cast<int>(blocks_.size()); }
  int first() const noexcept { return blocks_.front(); }
  int last() const noexcept { return blocks_.back(); }
  /// Ascending, without repeats.
  const std::vector<int>& blocks() const noexcept { return blocks_; }

  bool contains(int block) const noexcept { return index_of(block) >= 0; }
  /// The block's place in blocks(), or -1.
  int index_of(int block) const noexcept;

  /// The shortest text that parse() reads back as this set: "4..7", "5" or "1,4,6".
  std::string text() const;

  friend bool operator==(const BlockSet&, const BlockSet&) = default;

 private:
  BlockSet(std::vector<int> blocks, int layers) : blocks_(std::move(blocks)), layers_(layers) {}

  std::vector<int> blocks_;
  int layers_ = 0;
};

}  // namespace lateral::wiring
