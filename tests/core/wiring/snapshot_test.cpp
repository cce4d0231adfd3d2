#include "core/wiring/snapshot.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

using lateral::Error;
using lateral::wiring::Lease;
using lateral::wiring::Snapshot;

namespace {

/// A value whose halves always agree, so that a torn or freed value shows.
struct Pair {
  explicit Pair(int n) : first(n), second(n) { ++alive; }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    first = -1;
    second = -2;
    --alive;
  }
  int first, second;
  static inline std::atomic<int> alive{0};
};

std::shared_ptr<const Pair> pair(int n) {
  return std::make_shared<const Pair>(n);
}

}  // namespace

TEST_CASE("nothing can be published as null") {
  CHECK_THROWS_AS(Snapshot<Pair>(nullptr), Error);
  Snapshot<Pair> snapshot(pair(1));
  CHECK_THROWS_AS(snapshot.exchange(nullptr), Error);
  CHECK(snapshot.lease()->first == 1);
  CHECK(snapshot.lease().version() == 1);
}

TEST_CASE("an edit that throws changes nothing") {
  Snapshot<Pair> snapshot(pair(1));
  CHECK_THROWS_AS(
      snapshot.update([](const Pair&) -> std::shared_ptr<const Pair> { throw std::runtime_error("no"); }),
      std::runtime_error);
  CHECK(snapshot.lease()->first == 1);
  CHECK(snapshot.update([](const Pair& now) { return pair(now.first + 1); })->first == 2);
}

TEST_CASE("a lease keeps its value until it is let go, whatever is published meanwhile") {
  Snapshot<Pair> snapshot(pair(1));
  Lease<Pair> mine = snapshot.lease();
  const Lease<Pair> former = snapshot.exchange(pair(2));
  CHECK(former.value() == mine.value());
  CHECK(mine->first == 1);
  CHECK(mine.version() == 1);
  CHECK(snapshot.lease()->first == 2);
  CHECK(snapshot.lease().version() == 2);
}

TEST_CASE("a value dies with its last lease") {
  Snapshot<Pair> snapshot(pair(1));
  const int before = Pair::alive;
  {
    const Lease<Pair> mine = snapshot.lease();
    snapshot.exchange(pair(2));
    CHECK(Pair::alive == before + 1);
  }
  CHECK(Pair::alive == before);
}

TEST_CASE("edits from many threads are all counted and readers never see half a value") {
  constexpr int kWriters = 4;
  constexpr int kEdits = 500;
  Snapshot<Pair> snapshot(pair(0));
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};

  std::vector<std::thread> readers;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        const Lease<Pair> lease = snapshot.lease();
        const int first = lease->first;
        std::this_thread::yield();
        if (first != lease->first || first != lease->second || first + 1 != static_cast<int>(lease.version()))
          ++torn;
      }
    });
  }
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kEdits; ++i) snapshot.update([](const Pair& now) { return pair(now.first + 1); });
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  for (auto& reader : readers) reader.join();

  CHECK(torn == 0);
  CHECK(snapshot.lease()->first == kWriters * kEdits);
  CHECK(Pair::alive == 1);
}
