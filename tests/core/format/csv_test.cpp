#include "core/format/csv.hpp"

#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using format::CsvTable;
using Numbers = std::vector<double>;

namespace {

CsvTable table(std::string_view text) {
  return {text, "t.csv"};
}
std::string refusal(std::string_view text) {
  return test::thrown_by([&] { table(text); }).message;
}

}  // namespace

TEST_CASE("a table without a header row, or with rows of another length, is refused with its line") {
  CHECK(refusal("") == "csv: t.csv is empty; the first row names the columns");
  CHECK(refusal("\xEF\xBB\xBF\r\n\n") == "csv: t.csv is empty; the first row names the columns");
  CHECK(refusal("1,2\n3,4\n") == "csv: t.csv begins with numbers; the first row must name the columns");
  CHECK(refusal("a,b\n1,2\n\n3\n") == "csv: t.csv:4 has 1 fields, the header row 2");
  CHECK(refusal("a,b\n1,2,\n") == "csv: t.csv:2 has 3 fields, the header row 2");
}

TEST_CASE("quotes that do not close, or close in the middle of a field, are refused") {
  CHECK(refusal("a,b\n1,\"2\n") == "csv: t.csv:2: a quote is opened and not closed");
  CHECK(refusal("a,b\n1,\"2\"3\n") == "csv: t.csv:2: text behind a closed quote");
  CHECK(refusal("a,b\n1,\"2\"\r3\n") == "csv: t.csv:2: text behind a closed quote");
}

TEST_CASE("numbers that are not finite as float32 are found, words that look like them are not") {
  const auto found = [](std::string_view text) {
    return test::thrown_by([&] { table(text).require_finite(); }).message;
  };
  CHECK(found("a,b\n1,2\n3,nan\n") == "csv: t.csv:3: 'nan' in column 'b' is not finite as float32");
  CHECK(found("a\n-inf\n1\n") == "csv: t.csv:2: '-inf' in column 'a' is not finite as float32");
  CHECK(found("a\n1\n+Infinity\n") == "csv: t.csv:3: '+Infinity' in column 'a' is not finite as float32");
  CHECK(found("a\nNaN\n") == "csv: t.csv:2: 'NaN' in column 'a' is not finite as float32");
  CHECK(found("a\n1\n1e39\n") == "csv: t.csv:3: '1e39' in column 'a' is not finite as float32");
  CHECK(found("a\n1\n1e999\n") == "csv: t.csv:3: '1e999' in column 'a' is not finite as float32");
  CHECK(found("a\n1\nodd\ninf\n") == "csv: t.csv:4: 'inf' in column 'a' is not finite as float32");
  CHECK_NOTHROW(table("who,x\nNan,1\nInf,2\nanna,3.4e38\n").require_finite());
  CHECK_NOTHROW(table("a,b\n").require_finite());
}

TEST_CASE("more columns than anybody has are refused") {
  std::string wide = "a";
  for (int i = 0; i < 5000; ++i) wide += ",a";
  CHECK(test::code_of([&] { table(wide); }) == Errc::ResourceExhausted);
}

TEST_CASE("a column of words may be there, and asking it for numbers names the line and the word") {
  const auto activities = table("x,label\n1,WALKING\n2,3\n");
  CHECK(activities.rows() == 2);
  CHECK(activities.numbers("x") == Numbers{1, 2});
  const auto error = test::thrown_by([&] { activities.numbers("label"); });
  CHECK(error.code == Errc::Corrupt);
  CHECK(error.message == "csv: t.csv:2: 'WALKING' in column 'label' is not a finite number");
}

TEST_CASE("empty fields, infinities and what is not quite a number are no numbers") {
  for (const std::string field :
       {"", "nan", "inf", "-Infinity", "1e999", "0x10", "1,5", "1 2", "++1", "+-1", "1.5f"}) {
    CAPTURE(field);
    const auto one = table("a\n\"" + field + "\"\n");
    CHECK(test::code_of([&] { one.numbers("a"); }) == Errc::Corrupt);
  }
}

TEST_CASE("a column that is not there is named together with those that are") {
  const auto error = test::thrown_by([] { table("x_acc, y_acc\n1,2\n").numbers("acc_x"); });
  CHECK(error.code == Errc::NotFound);
  CHECK(error.message == "csv: t.csv has no column 'acc_x'; it has: x_acc, y_acc");
  CHECK(test::code_of([] { table("x,x\n1,2\n").numbers("x"); }) == Errc::InvalidArgument);
}

TEST_CASE(
    "byte order marks, quotes, blanks, CR LF and a missing last line end are read as spreadsheets write "
    "them") {
  const auto made = table("\xEF\xBB\xBF\"a\"\"b\",\"two\nlines\", c \r\n\"1\", +2.5 ,-3e-2\r\n\r\n4,5,6");
  CHECK(made.columns() == std::vector<std::string>{"a\"b", "two\nlines", "c"});
  CHECK(made.rows() == 2);
  CHECK(made.numbers("a\"b") == Numbers{1, 4});
  CHECK(made.numbers("two\nlines") == Numbers{2.5, 5});
  CHECK(made.numbers("c") == Numbers{-0.03, 6});
}

TEST_CASE("lines are counted across quoted line ends") {
  CHECK(refusal("a,b\n\"1\n\n\",2\n3\n") == "csv: t.csv:5 has 1 fields, the header row 2");
}

TEST_CASE("damaged tables cost one error or none") {
  const std::string whole = "x,y,label\n1.25,-3,A\n\"4\",5e3,\"B\"\n";
  test::check_flips(test::to_bytes(whole), [](std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    table(text).numbers("x");
  });
}

TEST_CASE("a recorded table keeps its numbers to the last digit") {
  const auto path = test::real_data("imu_har/s03/s03_01_sp.csv");
  if (!path) return;
  const auto recorded = format::read_csv(*path);
  CHECK(recorded.rows() == 1094);
  CHECK(recorded.numbers("x_acc")[1] == -9.578169822692871);
  CHECK(recorded.numbers("timestamp")[1] - recorded.numbers("timestamp")[0] == 8);
}

TEST_CASE("columns of words are kept where they are asked for") {
  const CsvTable csv("x,label\n1, sitting down \n2,\"a,b\"\n3,7\n", "t", {"label", "absent"});
  CHECK(csv.words("label") == std::vector<std::string>{"sitting down", "a,b", "7"});
  CHECK(csv.numbers("x") == std::vector<double>{1, 2, 3});
  CHECK(test::code_of([&] { csv.words("x"); }) == Errc::InvalidArgument);
  CHECK(test::code_of([&] { csv.words("absent"); }) == Errc::NotFound);
}
