#include "core/format/zip.hpp"

#include "core/base/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/zip.hpp"

using namespace lateral;
using namespace lateral::format;
using Catch::Contains;

namespace {

const std::vector<test::ZipFile> kFiles{
    {"data/model/a.so", "library"}, {"data/model/b.json", "{}"}, {"version", "1"}};

class Place {
 public:
  std::filesystem::path hold(const std::string& bytes) const {
    test::write_file(folder_ / "archive.pt2", bytes);
    return folder_ / "archive.pt2";
  }
  std::filesystem::path target() const {
    std::filesystem::remove_all(folder_ / "target");
    std::filesystem::create_directory(folder_ / "target");
    return folder_ / "target";
  }
  /// What unpacking `files` fails with; nothing of it may lie outside the target.
  test::Thrown failure(const std::vector<test::ZipFile>& files) const {
    const auto archive = hold(test::zip_of(files));
    const auto into = target();
    auto error = test::thrown_by([&] { unpack_zip(archive, "data/", into); });
    CHECK_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
    return error;
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("an archive's files are listed without the folder that they are in") {
  const Place place;
  const auto archive = place.hold(test::zip_of(kFiles));
  CHECK(is_zip(archive));
  const auto entries = zip_contents(archive);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].name == "data/model/a.so");
  CHECK(entries[0].bytes == 7);
  CHECK(entries[0].stored);
  CHECK_FALSE(is_zip(place.hold("PK")));
}

TEST_CASE("what is wanted is unpacked, and nothing else") {
  const Place place;
  const auto into = place.target();
  CHECK(unpack_zip(place.hold(test::zip_of(kFiles)), "data/", into) == 2);
  CHECK(read_text(into / "data/model/a.so", 100) == "library");
  CHECK(read_text(into / "data/model/b.json", 100) == "{}");
  CHECK_FALSE(std::filesystem::exists(into / "version"));
  CHECK(unpack_zip(place.hold(test::zip_of(kFiles)), "other/", into) == 0);
}

TEST_CASE("a file larger than the pieces it is copied in arrives whole") {
  const Place place;
  std::string bytes(3'000'001, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i % 251);
  const auto into = place.target();
  unpack_zip(place.hold(test::zip_of({{"data/x", bytes}})), "data/", into);
  CHECK(read_text(into / "data/x", 1U << 23U) == bytes);
}

TEST_CASE("names that lead out of the folder are refused, and nothing is written") {
  const Place place;
  for (const char* const name : {"data/../../elsewhere", "data/./x", "data/"}) {
    const auto error = place.failure({{"data/good", "good"}, {name, "bad"}});
    CHECK(error.code == Errc::Corrupt);
    CHECK_THAT(error.message, Contains("no name of a file"));
    CHECK(std::filesystem::is_empty(place.target()));
  }
}

TEST_CASE("compressed files, wrong checksums and files that lie over each other are refused") {
  const Place place;
  const auto compressed = place.failure({{"data/x", "abc", 8}});
  CHECK(compressed.code == Errc::Unsupported);
  CHECK_THAT(compressed.message, Contains("compressed"));

  auto bytes = test::zip_of({{"data/x", "abcdefgh"}});
  bytes[bytes.find("abcdefgh")] = 'X';
  const auto damaged = place.hold(bytes);
  const auto into = place.target();
  CHECK_THAT(test::thrown_by([&] { unpack_zip(damaged, "data/", into); }).message, Contains("checksum"));

  // The same kilobytes, named a hundred times.
  auto entry = test::zip_of({{"data/x", std::string(4096, 'x')}});
  const auto list = entry.find("PK\1\2");
  const auto end = entry.find("PK\5\6");
  const std::string once = entry.substr(list, end - list);
  std::string bomb = entry.substr(0, list);
  std::string listed;
  for (int i = 0; i < 100; ++i) listed += once;
  bomb += listed + entry.substr(end);
  const auto put = [&](std::size_t from_end, auto value) {
    std::memcpy(bomb.data() + bomb.size() - from_end, &value, sizeof value);
  };
  put(14, std::uint16_t{100});
  put(12, std::uint16_t{100});
  put(10, static_cast<std::uint32_t>(listed.size()));
  const auto over = place.hold(bomb);
  CHECK_THAT(test::thrown_by([&] { unpack_zip(over, "data/", into); }).message, Contains("lies over"));
}

TEST_CASE("an archive cut short or changed anywhere is refused or read, and nothing else happens") {
  const Place place;
  const auto whole = test::zip_of(kFiles);
  for (std::size_t length = 4; length < whole.size(); ++length) {
    const auto cut = place.hold(whole.substr(0, length));
    CHECK(test::thrown_by([&] { zip_contents(cut); }).code == Errc::Corrupt);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0xFF);
    const auto file = place.hold(changed);
    const auto into = place.target();
    try {
      unpack_zip(file, "data/", into);
    } catch (const Error& error) {
      CHECK((error.code() == Errc::Corrupt || error.code() == Errc::Unsupported));
    }
  }
}
