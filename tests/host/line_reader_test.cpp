#include "host/line_reader.hpp"

#include <future>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/pipe.hpp"

using namespace lateral;
using namespace lateral::host;
using test::Pipe;

namespace {

// A long text does not fit into a pipe: somebody has to write while it is read.
std::vector<std::string> lines_of(const std::string& text) {
  Pipe pipe;
  auto writer = std::async(std::launch::async, [&] {
    pipe.write(text);
    pipe.close_writing();
  });
  const StopSignal stop;
  LineReader reader(pipe.reading(), stop);
  std::vector<std::string> lines;
  for (bool more = true; more;) {
    try {
      const auto line = reader.next();
      more = line.has_value();
      if (line) lines.push_back(*line);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::InvalidArgument);
      lines.emplace_back("refused");
    }
  }
  writer.get();
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line that is too long is refused once and skipped, and the next one is read") {
  const std::string most(LineReader::kMaxLine, 'x');
  CHECK(lines_of(most + "\nafter\n") == Lines{most, "after"});
  CHECK(lines_of(most + "y\nafter\n") == Lines{"refused", "after"});
  CHECK(lines_of(most + most + most + "\nafter\n") == Lines{"refused", "after"});
  CHECK(lines_of(most + most) == Lines{"refused"});
}

TEST_CASE("lines end with LF or CR LF, and the last one may end with nothing") {
  CHECK(lines_of("").empty());
  CHECK(lines_of("a\n") == Lines{"a"});
  CHECK(lines_of("a\r\nb\n\nc") == Lines{"a", "b", "", "c"});
  CHECK(lines_of("a\rb\n") == Lines{"a\rb"});
}

TEST_CASE("a line that comes in pieces is one line") {
  Pipe pipe;
  const StopSignal stop;
  LineReader reader(pipe.reading(), stop);
  pipe.write("/sta");
  std::thread writer([&] { pipe.write("tus\n/qu"); });
  CHECK(reader.next() == "/status");
  writer.join();
  pipe.write("it\n");
  CHECK(reader.next() == "/quit");
}

TEST_CASE("after a stop nothing is read, not even what had arrived before it") {
  Pipe pipe;
  const StopSignal stop;
  LineReader reader(pipe.reading(), stop);
  pipe.write("one\ntwo\nthree");
  CHECK(reader.next() == "one");
  CHECK_FALSE(stop.is_set());
  stop.set();
  stop.set();
  CHECK(stop.is_set());
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.next());
}

TEST_CASE("a stop wakes a reader that waits") {
  Pipe pipe;
  const StopSignal stop;
  LineReader reader(pipe.reading(), stop);
  std::thread stopper([&] { stop.set(); });
  CHECK_FALSE(reader.next());
  stopper.join();
}
