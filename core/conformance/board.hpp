#pragma once
// Shared memory in which a child says what it is doing and what it found, so that its words survive whatever
// the plugin does to it. A child has succeeded only if it said so here: an exit status of 0 proves nothing,
// because a plugin can call exit(0).

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/finding.hpp"

namespace lateral::conformance {

/// The memory itself: plain bytes, the same in both processes.
struct BoardMemory {
  struct Record {
    std::array<char, 48> id;
    std::uint32_t verdict;
    std::array<char, 716> reason;
  };
  struct Figure {
    std::array<char, 40> name;
    double value;
  };
  std::atomic<std::uint32_t> finished;
  std::atomic<std::uint32_t> records;
  std::atomic<std::uint32_t> figures;
  std::array<char, 48> test;
  std::array<char, 128> phase;
  std::array<char, 256> fault;
  std::array<Record, 64> record;
  std::array<Figure, 16> figure;
};

/// One side's view of it. Move-only. The child's thread writes, the parent reads when the child has ended.
class Board {
 public:
  /// Fresh memory, for the parent. Throws ResourceExhausted.
  Board();
  /// What a parent left at this descriptor. Throws InvalidArgument.
  explicit Board(int inherited);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  int descriptor() const noexcept { return fd_; }
  /// Closes the descriptor; the memory stays.
  void forget_descriptor() noexcept;

  void enter_test(std::string_view id) noexcept;
  void enter_phase(std::string_view phase) noexcept;
  void add(std::string_view id, Verdict verdict, std::string_view reason) noexcept;
  void add_figure(std::string_view name, double value) noexcept;
  /// From a signal handler, too.
  void note_fault(const char* text) noexcept;
  void finish() noexcept { memory_->finished.store(kFinished); }

  bool finished() const noexcept { return memory_->finished.load() == kFinished; }
  std::string test() const;
  std::string phase() const;
  std::string fault() const;
  std::vector<Finding> findings() const;
  std::map<std::string, double> figures() const;

 private:
  static constexpr std::uint32_t kFinished = 0x51ED0C0D;
  void map();

  int fd_ = -1;
  BoardMemory* memory_ = nullptr;
};

}  // namespace lateral::conformance
