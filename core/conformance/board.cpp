#include "core/conformance/board.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::conformance {
namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

template <std::size_t size>
void copy(std::array<char, size>& to, std::string_view text) noexcept {
  const std::size_t length = std::min(text.size(), size - 1);
  std::memcpy(to.data(), text.data(), length);
  std::memset(to.data() + length, 0, size - length);
}

/// The plugin may have written anywhere, also here.
template <std::size_t size>
std::string text_of(const std::array<char, size>& from) {
  return {from.data(), ::strnlen(from.data(), size)};
}

}  // namespace

Board::Board() : fd_(::memfd_create("lateral-check", MFD_CLOEXEC)) {
  if (fd_ < 0 || ::ftruncate(fd_, sizeof(BoardMemory)) != 0) {
    fail(Errc::ResourceExhausted, "check", "cannot make shared memory: ", std::strerror(errno));
  }
  map();
}

Board::Board(int inherited) : fd_(inherited) {
  map();
}

Board::~Board() {
  ::munmap(memory_, sizeof(BoardMemory));
  forget_descriptor();
}

void Board::map() {
  void* const memory = ::mmap(nullptr, sizeof(BoardMemory), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (memory == MAP_FAILED) fail(Errc::InvalidArgument, "check", "descriptor ", fd_, " is no board");
  memory_ = static_cast<BoardMemory*>(memory);
}

void Board::forget_descriptor() noexcept {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

void Board::enter_test(std::string_view id) noexcept {
  copy(memory_->test, id);
}

void Board::enter_phase(std::string_view phase) noexcept {
  copy(memory_->phase, phase);
}

void Board::add(std::string_view id, Verdict verdict, std::string_view reason) noexcept {
  const std::uint32_t index = memory_->records.load();
  if (index >= memory_->record.size()) return;
  auto& record = memory_->record[index];
  copy(record.id, id);
  copy(record.reason, reason);
  record.verdict = static_cast<std::uint32_t>(verdict);
  memory_->records.store(index + 1);
}

void Board::add_figure(std::string_view name, double value) noexcept {
  const std::uint32_t index = memory_->figures.load();
  if (index >= memory_->figure.size()) return;
  copy(memory_->figure[index].name, name);
  memory_->figure[index].value = value;
  memory_->figures.store(index + 1);
}

void Board::note_fault(const char* text) noexcept {
  copy(memory_->fault, text);
}

std::string Board::test() const {
  return text_of(memory_->test);
}

std::string Board::phase() const {
  return text_of(memory_->phase);
}

std::string Board::fault() const {
  return text_of(memory_->fault);
}

std::vector<Finding> Board::findings() const {
  std::vector<Finding> result;
  const auto count = std::min<std::size_t>(memory_->records.load(), memory_->record.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& record = memory_->record[i];
    const auto verdict = std::min(record.verdict, static_cast<std::uint32_t>(Verdict::Skip));
    result.push_back({text_of(record.id), static_cast<Verdict>(verdict), text_of(record.reason)});
  }
  return result;
}

std::map<std::string, double> Board::figures() const {
  std::map<std::string, double> result;
  const auto count = std::min<std::size_t>(memory_->figures.load(), memory_->figure.size());
  for (std::size_t i = 0; i < count; ++i) result[text_of(memory_->figure[i].name)] = memory_->figure[i].value;
  return result;
}

}  // namespace lateral::conformance
