#include "core/format/table.hpp"

#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using format::read_table;
using Floats = std::vector<float>;

namespace {

/// A NumPy file of doubles.
void write_npy(const std::filesystem::path& path, const std::string& shape,
               std::initializer_list<double> values) {
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }\n";
  test::write_file(path, std::string("\x93NUMPY\x01\x00", 8) +
                             test::raw<std::uint16_t>({static_cast<std::uint16_t>(header.size())}) + header +
                             test::raw(values));
}

}  // namespace

TEST_CASE("columns of a CSV table are picked by name, in the order asked for") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.CSV", "y,label,x\n1,left,2\n3,right,4\n");
  const auto table = read_table(folder / "a.CSV", {"x", "y"});
  CHECK(table.rows == 2);
  CHECK(table.width == 2);
  CHECK(table.values == Floats{2, 1, 4, 3});
  CHECK(test::code_of([&] { read_table(folder / "a.CSV", {"x", "z"}); }) == Errc::NotFound);
  CHECK(test::code_of([&] { read_table(folder / "a.CSV", {}); }) == Errc::Corrupt);
}

TEST_CASE("time elapsed is taken before a clock becomes float32") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.csv", "t,x\n1657535082970,1\n1657535082978,2\n1657535083034,3\n");
  CHECK(read_table(folder / "a.csv", {"t:elapsed", "x"}).values == Floats{0, 1, 8, 2, 64, 3});
  write_npy(folder / "a.npy", "(2, 2)", {1657535082970, 1, 1657535082978, 2});
  CHECK(read_table(folder / "a.npy", {"t:elapsed", "x"}).values == Floats{0, 1, 8, 2});
  CHECK(read_table(folder / "a.npy", {}).values.front() == 1657535082970.0F);
}

TEST_CASE("a table without rows has no time elapsed, and a column may be called so itself") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.csv", "t,x\n");
  CHECK(read_table(folder / "a.csv", {"t:elapsed", "x"}).rows == 0);
  test::write_file(folder / "b.csv", "t:elapsed,x\n0,1\n5,2\n");
  CHECK(read_table(folder / "b.csv", {}).values == Floats{0, 1, 5, 2});
}

TEST_CASE("arrays that are no matrix or have other columns are refused") {
  const test::TemporaryFolder folder;
  write_npy(folder / "line.npy", "(2,)", {1, 2});
  write_npy(folder / "three.npy", "(1, 3)", {1, 2, 3});
  CHECK(test::thrown_by([&] { read_table(folder / "line.npy", {"a", "b"}); }).mentions("has 1 axes"));
  CHECK(test::thrown_by([&] {
          read_table(folder / "three.npy", {"a", "b"});
        }).mentions("has 3 columns; wanted are 2"));
  CHECK(test::code_of([&] { read_table(folder / "table.xlsx", {"a"}); }) == Errc::Unsupported);
}

TEST_CASE("numbers that are not finite as float32 are refused with their row and column") {
  const test::TemporaryFolder folder;
  write_npy(folder / "a.npy", "(2, 1)", {0, std::numeric_limits<double>::quiet_NaN()});
  CHECK(test::thrown_by([&] {
          read_table(folder / "a.npy", {"x"});
        }).mentions("row 2 of column 1 (x) is not a finite"));
  test::write_file(folder / "a.csv", "x\n1e300\n");
  CHECK(test::thrown_by([&] { read_table(folder / "a.csv", {"x"}); }).mentions("row 1 of column 1 (x)"));
}
