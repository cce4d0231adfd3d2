#include "core/plugin/plugin_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "core/plugin/float_mode.hpp"
#include "core/plugin/parallel_pool.hpp"
#include "fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace std::chrono_literals;
using plugin::Clock;
using plugin::PluginThread;

TEST_CASE("what a task throws reaches the one who waits") {
  PluginThread thread("test");
  const auto task = thread.post([] { fail(Errc::Corrupt, "x", "y"); });
  REQUIRE(task->wait_until(Clock::now() + 5s));
  CHECK(test::failure_of([&] { task->rethrow(); }).first == Errc::Corrupt);
}

TEST_CASE("a thread that hangs is left behind with everything its task owns") {
  const auto release = std::make_shared<std::atomic<bool>>(false);
  const std::weak_ptr<std::atomic<bool>> owned = release;
  {
    PluginThread thread("test.hang");
    auto started = std::make_shared<std::atomic<bool>>(false);
    const auto task = thread.post([release, started] {
      *started = true;
      while (!*release) std::this_thread::sleep_for(1ms);
    });
    const auto next = thread.post([] {});
    while (!*started) std::this_thread::sleep_for(1ms);
    CHECK_FALSE(task->wait_until(Clock::now() + 5ms));
    CHECK_FALSE(task->withdraw());
    CHECK(next->withdraw());
    thread.abandon();
    CHECK(thread.abandoned());
    CHECK_THROWS_AS(thread.post([] {}), Error);
  }  // does not wait
  *release = true;
  const auto until = Clock::now() + 5s;
  while (PluginThread::count_named("test.hang") > 0 && Clock::now() < until) std::this_thread::sleep_for(1ms);
  CHECK(PluginThread::count_named("test.hang") == 0);
}

#if LAT_SANITIZER == 0
TEST_CASE(
    "threads that a task starts are its family's, whatever they call themselves, until they have ended") {
  const auto family = std::make_shared<plugin::ThreadFamily>();
  std::atomic<bool> release{false};
  std::thread started;
  {
    PluginThread thread("test.family", family);
    const auto task = thread.post([&] {
      started = std::thread([&] {
        ::pthread_setname_np(::pthread_self(), "reader");
        std::thread([&] {
          while (!release) std::this_thread::sleep_for(1ms);
        }).join();
      });
    });
    REQUIRE(task->wait_until(Clock::now() + 5s));
  }
  std::thread stranger([&] {
    while (!release) std::this_thread::sleep_for(1ms);
  });
  const auto until = Clock::now() + 5s;
  while (family->living() < 2 && Clock::now() < until) std::this_thread::sleep_for(1ms);
  CHECK(family->living() == 2);
  release = true;
  started.join();
  stranger.join();
  while (family->living() > 0 && Clock::now() < until) std::this_thread::sleep_for(1ms);
  CHECK(family->living() == 0);
}
#endif

TEST_CASE("a thread whose thread-local destructors hang is not waited for") {
  struct Hang {
    std::shared_ptr<std::atomic<bool>> release;
    ~Hang() {
      while (!*release) std::this_thread::sleep_for(1ms);
    }
  };
  const auto release = std::make_shared<std::atomic<bool>>(false);
  PluginThread thread("test.end");
  const auto task = thread.post([release] {
    static thread_local Hang hang;
    hang.release = release;
  });
  REQUIRE(task->wait_until(Clock::now() + 5s));
  CHECK_FALSE(thread.end(Clock::now() + 20ms));
  CHECK(thread.abandoned());
  *release = true;
  PluginThread good("test.end2");
  CHECK(good.end(Clock::now() + 5s));
  CHECK(good.end(Clock::now()));
}

TEST_CASE("tasks run in order on one named thread") {
  PluginThread thread("test.order");
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) thread.post([&order, i] { order.push_back(i); });
  REQUIRE(thread.post([] {})->wait_until(Clock::now() + 5s));
  CHECK(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(PluginThread::count_named("test.order") == 1);
}

TEST_CASE("the floating-point mode is put back") {
  const auto before = plugin::float_mode();
  {
    const plugin::FloatModeGuard guard;
    plugin::set_float_mode(before ^ 0x8040U);
  }
  CHECK(plugin::float_mode() == before);
}

TEST_CASE(
    "what a body throws comes out of its loop, whichever thread it was on, when nobody is in it any more") {
  plugin::ParallelPool pool("test.pool");
  struct Work {
    std::thread::id caller = std::this_thread::get_id();
    bool on_helper = false;
    std::atomic<int> inside{0};
    std::atomic<bool> thrown{false};
  };
  const auto body = [](std::uint32_t, void* user) {
    auto& work = *static_cast<Work*>(user);
    struct Inside {
      std::atomic<int>& count;
      explicit Inside(std::atomic<int>& all) : count(all) { ++count; }
      ~Inside() { --count; }
    } const inside(work.inside);
    std::this_thread::sleep_for(1ms);  // so that the others are in it
    if ((std::this_thread::get_id() != work.caller) != work.on_helper) return;
    work.thrown = true;
    throw std::runtime_error("thrown by a body");
  };
  for (int round = 0; round < 20; ++round) {
    Work work;
    work.on_helper = round % 2 == 1;
    CHECK_THROWS_WITH(pool.run(500, body, &work), "thrown by a body");
    CHECK(work.thrown);
    CHECK(work.inside == 0);
  }
  std::atomic<int> visited{0};
  CHECK(pool.run(
      100, [](std::uint32_t, void* user) { ++*static_cast<std::atomic<int>*>(user); }, &visited));
  CHECK(visited == 100);
  CHECK(pool.end(Clock::now() + 5s));
}

TEST_CASE("a parallel loop visits every index once, also beside another one, and refuses to nest") {
  plugin::ParallelPool pool("test.pool");
  struct Work {
    plugin::ParallelPool& pool;
    std::atomic<std::uint64_t> sum{0};
    std::atomic<int> nested{0};
  } work{pool};
  const auto body = [](std::uint32_t i, void* user) {
    auto& mine = *static_cast<Work*>(user);
    mine.sum += i;
    if (mine.pool.run(
            1, [](std::uint32_t, void*) {}, nullptr))
      ++mine.nested;
  };
  std::thread other([&] { pool.run(10'000, body, &work); });
  CHECK(pool.run(10'000, body, &work));
  other.join();
  CHECK(pool.end(Clock::now() + 5s));
  CHECK(pool.run(10'000, body, &work));  // on this thread alone
  CHECK(work.sum == 3 * 49'995'000ULL);
  CHECK(work.nested == 0);
}
