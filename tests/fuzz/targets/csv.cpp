#include "core/format/csv.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) {
  const format::CsvTable table(text_of(input), "a.csv");
  for (const auto& column : table.columns()) {
    try {
      const auto numbers = table.numbers(column);
      require(static_cast<std::int64_t>(numbers.size()) == table.rows(), "each row has a number");
      require(std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); }),
              "each is finite");
    } catch (const Error& error) {
      require_readable(error.what());
    }
  }
}
