// The memory that a host and its worker share: what each may do with it, and that no answer is lost.
#include "core/plugin/worker/lane.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "fixtures.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/holdings.hpp"

using namespace lateral;
using plugin::worker::Lane;
using test::failure_of;

namespace {

/// Both ends of a lane in one process.
struct Ends {
  Lane host;
  Lane worker{::dup(host.descriptor())};

  /// One question and its answer.
  void exchange() {
    host.ask(std::array{std::byte{1}, std::byte{2}});
    CHECK(worker.next_question().size() == 2);
    worker.reply(std::array{std::byte{3}});
  }
};

}  // namespace

TEST_CASE("nobody can shrink a lane's memory or undo that, and no program inherits it by accident") {
  const Lane lane;
  CHECK(::fcntl(lane.descriptor(), F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_SEAL));
  CHECK((::fcntl(lane.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::ftruncate(lane.descriptor(), 0) != 0);
}

TEST_CASE("a worker keeps no descriptor of its lanes, and a lane that ends leaves nothing") {
  const auto before = test::holdings();
  {
    const Lane host;
    const int inherited = ::dup(host.descriptor());
    const Lane worker(inherited);
    CHECK(::fcntl(inherited, F_GETFD) == -1);
  }
  CHECK(test::holdings() == before);
}

TEST_CASE("an answer that is there stays there when its waiters are disturbed") {
  Ends ends;
  ends.exchange();
  ends.host.disturb();  // the worker has ended since, and its answer is not read yet
  CHECK(ends.host.answered({}));
  CHECK(ends.host.answer().size() == 1);
}

TEST_CASE("a question that is not answered is not when its waiters are disturbed") {
  Ends ends;
  ends.exchange();
  CHECK(ends.host.answered({}));
  ends.host.ask({});
  ends.host.disturb();
  CHECK_FALSE(ends.host.answered(std::chrono::milliseconds(1)));
  CHECK(ends.worker.next_question().empty());
  ends.worker.reply({});
  CHECK(ends.host.answered({}));
}

TEST_CASE("a cancelled question does not cancel the next one") {
  Ends ends;
  ends.host.header().cancel.store(1);
  ends.host.ask({});
  CHECK(ends.worker.header().cancel.load() == 0);
}

TEST_CASE("what is too large for a lane is refused, and what is in its arena stays when it grows") {
  Ends ends;
  const std::vector<std::byte> longest(Lane::kMessageBytes);
  CHECK_NOTHROW(ends.host.ask(longest));
  CHECK(failure_of([&] { ends.host.ask(std::vector<std::byte>(Lane::kMessageBytes + 1)); }).first ==
        Errc::InvalidArgument);
  ends.host.header().question_bytes.store(0xFFFFFFFF);
  CHECK(ends.worker.next_question().size() == Lane::kMessageBytes);
  CHECK(failure_of([&] { ends.host.grow(Lane::kMaxArena + 1); }).first == Errc::ResourceExhausted);
  ends.host.grow(10'000);
  std::memset(ends.host.arena(), 7, 10'000);
  ends.host.grow(100);
  CHECK(ends.host.arena_bytes() == 10'000);
  ends.host.grow(1'000'000);
  CHECK(ends.worker.arena()[9'999] == std::byte{7});
}
