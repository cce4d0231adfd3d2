#include "core/base/file.hpp"

#include <sys/stat.h>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;

namespace {
template <typename Call>
Errc code_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return Errc::Internal;
}
}  // namespace

TEST_CASE("a mapped file shows the bytes on disk") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a", "hello");
  const MappedFile file(folder / "a");
  REQUIRE(file.bytes().size() == 5);
  CHECK(static_cast<char>(file.bytes()[1]) == 'e');
}

TEST_CASE(
    "an empty file maps to nothing, a missing one is NotFound, a folder or FIFO is refused without hanging") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "empty", "");
  CHECK(MappedFile(folder / "empty").bytes().empty());
  CHECK(code_of([&] { MappedFile(folder / "missing"); }) == Errc::NotFound);
  CHECK(code_of([&] { MappedFile(folder.path()); }) == Errc::InvalidArgument);
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(code_of([&] { read_text(folder / "fifo", 10); }) == Errc::InvalidArgument);
}

TEST_CASE("a file above the limit is refused with its size") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "big", std::string(100, 'x'));
  CHECK(read_text(folder / "big", 100).size() == 100);
  CHECK(code_of([&] { read_text(folder / "big", 99); }) == Errc::ResourceExhausted);
}

TEST_CASE("a failed write leaves the old file and no temporary one") {
  const test::TemporaryFolder folder;
  const auto path = folder / "kept";
  write_atomically(path, "old");
  CHECK_THROWS(write_atomically(path, [](std::ostream& out) {
    out << "half";
    throw std::runtime_error("power failed");
  }));
  CHECK(read_text(path, 100) == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  write_atomically(path, "new");
  CHECK(read_text(path, 100) == "new");
}

TEST_CASE("two files exchange their contents, and when one is missing the other stays") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a", "one");
  test::write_file(folder / "b", "two");
  exchange_files(folder / "a", folder / "b");
  CHECK(read_text(folder / "a", 9) == "two");
  CHECK(read_text(folder / "b", 9) == "one");
  CHECK(code_of([&] { exchange_files(folder / "a", folder / "missing"); }) == Errc::NotFound);
  CHECK(code_of([&] { rename_file(folder / "missing", folder / "a"); }) == Errc::NotFound);
  CHECK(read_text(folder / "a", 9) == "two");
}
